"""Logs to begin a fuzzing with: each of the committed ones behind a byte that says what it is called, and
broken ones that were met before.

    python3 seeds.py Tests/Vectors/logs FOLDER
"""
import pathlib
import sys

source, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
target.mkdir(parents=True, exist_ok=True)
for number, path in enumerate(sorted(p for p in source.rglob("*") if p.is_file())):
    place = (1 if path.name == "trainer_state.json" else 2 if path.name == "metrics.csv"
             else 3 if "tfevents" in path.name else 4 if "metrics" in path.parts else 0)  # fmt: skip
    data = path.read_bytes()
    (target / f"{number}").write_bytes(bytes([place]) + data[: 1 << 16])
    if "tfevents" in path.name:
        records, rest = b"", data
        while len(rest) > 12 and len(records) < 4000:
            length = int.from_bytes(rest[:8], "little")
            records += bytes([min(length, 255)]) + rest[12 : 12 + min(length, 255)]
            rest = rest[16 + length :]
        (target / f"{number}-records").write_bytes(bytes([5]) + records)
    # Short ones change faster, and TensorBoard's checksums hold for whole records only.
    (target / f"{number}-short").write_bytes(bytes([place]) + data[:600])
for number, text in enumerate([
    b"", b"\xff\xfes\0t\0", b"step,loss\n1,nan\n", b"step;loss\n1;0,5\n", b'{"loss": NaN, "step": 1}\n',
    b'{"log_history": [{"loss": Infinity, "step": 1}]}', b"1700000000000 nan 3\n", b"\x80\x04.",
]):  # fmt: skip
    for place in range(5):
        (target / f"text-{number}-{place}").write_bytes(bytes([place]) + text)
