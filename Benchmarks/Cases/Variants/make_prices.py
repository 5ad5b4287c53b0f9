"""Writes data-prices.csv: flats with four features near unit size and a price in the thousands."""

import random

random.seed(20)
with open("data-prices.csv", "w") as file:
    file.write("size,age,distance,floor,price\n")
    for _ in range(300):
        size, age, distance, floor = (random.gauss(0, 1) for _ in range(4))
        price = 4200 + 900 * size - 350 * age - 500 * distance + 120 * floor + random.gauss(0, 150)
        file.write(f"{size:.3f},{age:.3f},{distance:.3f},{floor:.3f},{price:.0f}\n")
