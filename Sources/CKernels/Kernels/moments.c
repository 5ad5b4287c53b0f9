// Measuring a tensor, alone or after changing it in the same pass, block by block.

KEEL_KERNEL(keel_moments, keel_measure, (const float *x, size_t n), (x, n)) {
  keel_moments total = {0};
  for (size_t start = 0; start < n; start += KEEL_BLOCK) {
    add_moments(&total, block_moments(x + start, block_end(start, n) - start));
  }
  return total;
}

KEEL_KERNEL(size_t, keel_first_non_finite, (const float *x, size_t n), (x, n)) {
  for (size_t start = 0; start < n; start += KEEL_BLOCK) {
    size_t end = block_end(start, n);
    if (count_non_finite(x + start, end - start) == 0) continue;
    while (!not_finite(x[start])) start++;
    return start;
  }
  return n;
}

KEEL_KERNEL(keel_moments, keel_penalize,
            (float *g, const float *w, size_t n, float l1, float l2),
            (g, w, n, l1, l2)) {
  keel_moments total = {0};
  for (size_t start = 0; start < n; start += KEEL_BLOCK) {
    size_t end = block_end(start, n);
    KEEL_VECTORIZE for (size_t i = start; i < end; i++) {
      float sign = (float)((w[i] > 0) - (w[i] < 0));
      g[i] += 2 * l2 * w[i] + l1 * sign;
    }
    add_moments(&total, block_moments(g + start, end - start));
  }
  return total;
}

KEEL_KERNEL(keel_moments, keel_scale, (float *x, size_t n, double factor), (x, n, factor)) {
  keel_moments total = {0};
  for (size_t start = 0; start < n; start += KEEL_BLOCK) {
    size_t end = block_end(start, n);
    KEEL_VECTORIZE for (size_t i = start; i < end; i++) x[i] = (float)(x[i] * factor);
    add_moments(&total, block_moments(x + start, end - start));
  }
  return total;
}

KEEL_KERNEL(keel_moments, keel_clamp, (float *x, size_t n, float limit), (x, n, limit)) {
  keel_moments total = {0};
  for (size_t start = 0; start < n; start += KEEL_BLOCK) {
    size_t end = block_end(start, n);
    KEEL_VECTORIZE for (size_t i = start; i < end; i++) {
      x[i] = not_finite(x[i]) ? x[i] : clamp(x[i], -limit, limit);
    }
    add_moments(&total, block_moments(x + start, end - start));
  }
  return total;
}

KEEL_KERNEL(keel_moments, keel_limit_unit_norms,
            (float *g, const float *w, size_t rows, size_t columns, double ratio, double floor),
            (g, w, rows, columns, ratio, floor)) {
  keel_moments total = {0};
  for (size_t r = 0; r < rows; r++) {
    float *unit = g + r * columns;
    keel_moments moments = keel_measure(unit, columns);
    double norm = sqrt(moments.sum_of_squares);
    double weight = sqrt(keel_measure(w + r * columns, columns).sum_of_squares);
    double limit = ratio * (weight < floor ? floor : weight);
    // What exceeds it by rounding alone stays, so that clipping twice is clipping once.
    if (norm > limit * (1 + 1e-6) && !isinf(norm))
      moments = keel_scale(unit, columns, limit / norm);
    add_moments(&total, moments);
  }
  return total;
}
