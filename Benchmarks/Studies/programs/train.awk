# A network of one hidden layer on a regression, by gradient descent with momentum.
function gauss() { return sqrt(-2 * log(1 - rand())) * cos(6.283185307 * rand()) }
BEGIN {
  srand(seed + 1); D = 6; H = 12; N = 64
  for (i = 0; i < N; i++) { t = 0; for (d = 0; d < D; d++) { g = gauss(); x[i, d] = g * scale; t += g * sin(d + 1) } y[i] = t }
  for (h = 0; h < H; h++) { for (d = 0; d < D; d++) w[h, d] = gauss() * std; v[h] = gauss() * std }
  for (s = 0; s < steps; s++) {
    loss = 0; delete gw; delete gv
    for (k = 0; k < 16; k++) {
      i = (s * 16 + k) % N; o = 0
      for (h = 0; h < H; h++) { a = 0; for (d = 0; d < D; d++) a += w[h, d] * x[i, d]; r[h] = a > 0 ? a : 0; o += v[h] * r[h] }
      e = o - y[i]; loss += e * e / 16
      for (h = 0; h < H; h++) { gv[h] += 2 * e * r[h] / 16; if (r[h] > 0) for (d = 0; d < D; d++) gw[h, d] += 2 * e * v[h] * x[i, d] / 16 }
    }
    print "step " s " loss " loss; fflush()
    for (h = 0; h < H; h++) { mv[h] = momentum * mv[h] + gv[h]; v[h] -= lr * mv[h]; for (d = 0; d < D; d++) { m[h, d] = momentum * m[h, d] + gw[h, d]; w[h, d] -= lr * m[h, d] } }
  }
}
