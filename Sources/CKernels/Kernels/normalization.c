// Batch normalisation over the rows of [rows, columns]. Loops run along rows, as the memory does,
// with one double accumulator per column; x̂ is taken in double, so that x − mean cannot overflow.

/// Σ over rows into sums[c]; returns the count of non-finite x.
KEEL_INLINE int64_t sum_rows(const float *x, double *sums, size_t rows, size_t columns) {
  int64_t total = 0;
  memset(sums, 0, columns * sizeof *sums);
  for (size_t r = 0; r < rows; r++, x += columns) {
    total += count_non_finite(x, columns);
    KEEL_VECTORIZE for (size_t c = 0; c < columns; c++) sums[c] += x[c];
  }
  return total;
}

/// y = (x − mean)·factor + bias, a row.
KEEL_INLINE void standardize_row(const float *x, const double *mean, const double *factor,
                                 const float *bias, float *y, size_t n) {
  if (bias) {
    KEEL_VECTORIZE for (size_t c = 0; c < n; c++) {
      y[c] = (float)((x[c] - mean[c]) * factor[c] + bias[c]);
    }
  } else {
    KEEL_VECTORIZE for (size_t c = 0; c < n; c++) y[c] = (float)((x[c] - mean[c]) * factor[c]);
  }
}

KEEL_KERNEL(int64_t, keel_batch_norm,
            (const float *x, const float *gain, const float *bias, float *y, float *mean,
             double *variance, float *inverse, double *scratch, size_t rows, size_t columns,
             double epsilon),
            (x, gain, bias, y, mean, variance, inverse, scratch, rows, columns, epsilon)) {
  if (rows == 0 || columns == 0) return 0;
  double *means = scratch, *factors = scratch + columns;
  int64_t total = sum_rows(x, means, rows, columns);
  for (size_t c = 0; c < columns; c++) means[c] /= (double)rows;
  memset(variance, 0, columns * sizeof *variance);
  for (size_t row = 0; row < rows * columns; row += columns) {
    KEEL_VECTORIZE for (size_t c = 0; c < columns; c++) {
      double distance = x[row + c] - means[c];
      variance[c] += distance * distance;
    }
  }
  for (size_t c = 0; c < columns; c++) {
    variance[c] /= (double)rows;
    double root = 1 / sqrt(variance[c] + epsilon);
    factors[c] = gain ? root * gain[c] : root;
    inverse[c] = (float)root;
    mean[c] = (float)means[c];
  }
  for (size_t row = 0; row < rows * columns; row += columns) {
    standardize_row(x + row, means, factors, bias, y + row, columns);
  }
  return total;
}

KEEL_KERNEL(void, keel_batch_norm_fixed,
            (const float *x, const float *gain, const float *bias, const float *mean,
             const float *variance, float *y, size_t rows, size_t columns, double epsilon),
            (x, gain, bias, mean, variance, y, rows, columns, epsilon)) {
  for (size_t start = 0; start < columns; start += KEEL_BLOCK) {
    size_t count = block_end(start, columns) - start;
    double means[KEEL_BLOCK], factors[KEEL_BLOCK];
    for (size_t c = 0; c < count; c++) {
      double root = 1 / sqrt(variance[start + c] + epsilon);
      means[c] = mean[start + c];
      factors[c] = gain ? root * gain[start + c] : root;
    }
    for (size_t row = start; row < rows * columns; row += columns) {
      standardize_row(x + row, means, factors, bias ? bias + start : NULL, y + row, count);
    }
  }
}

/// dx = factor·(dy − mean of dy − x̂·mean of dy·x̂), a row; inverse makes the x̂.
KEEL_INLINE void gradient_row(const float *x, const float *mean, const float *inverse,
                              const float *dy, const double *dy_mean, const double *product_mean,
                              const double *factor, float *dx, size_t n, int accumulate) {
  KEEL_VECTORIZE for (size_t c = 0; c < n; c++) {
    double standard = ((double)x[c] - mean[c]) * inverse[c];
    float value = (float)(factor[c] * (dy[c] - dy_mean[c] - standard * product_mean[c]));
    dx[c] = accumulate ? dx[c] + value : value;
  }
}

KEEL_INLINE void input_gradient(const float *x, const float *gain, const float *mean,
                                const float *inverse, const float *dy, float *dx,
                                const double *dy_mean, const double *product_mean, size_t rows,
                                size_t columns, int accumulate) {
  for (size_t start = 0; start < columns; start += KEEL_BLOCK) {
    size_t count = block_end(start, columns) - start;
    double factor[KEEL_BLOCK];
    for (size_t c = start; c < start + count; c++) {
      factor[c - start] = gain ? (double)gain[c] * inverse[c] : inverse[c];
    }
    for (size_t row = start; row < rows * columns; row += columns) {
      gradient_row(x + row, mean + start, inverse + start, dy + row, dy_mean + start,
                   product_mean + start, factor, dx + row, count, accumulate);
    }
  }
}

KEEL_KERNEL(int64_t, keel_batch_norm_gradient,
            (const float *x, const float *gain, const float *mean, const float *inverse,
             const float *dy, float *dx, float *d_gain, float *d_bias, double *scratch,
             size_t rows, size_t columns, int accumulate),
            (x, gain, mean, inverse, dy, dx, d_gain, d_bias, scratch, rows, columns, accumulate)) {
  double *sums = scratch, *products = scratch + columns;
  int64_t total = sum_rows(dy, sums, rows, columns);
  memset(products, 0, columns * sizeof *products);
  for (size_t row = 0; row < rows * columns; row += columns) {
    KEEL_VECTORIZE for (size_t c = 0; c < columns; c++) {
      products[c] += ((double)x[row + c] - mean[c]) * inverse[c] * dy[row + c];
    }
  }
  for (size_t c = 0; c < columns; c++) {
    if (d_gain) d_gain[c] = (float)products[c];
    if (d_bias) d_bias[c] = (float)sums[c];
    sums[c] /= (double)rows;
    products[c] /= (double)rows;
  }
  if (dx && accumulate) {
    input_gradient(x, gain, mean, inverse, dy, dx, sums, products, rows, columns, 1);
  } else if (dx) {
    input_gradient(x, gain, mean, inverse, dy, dx, sums, products, rows, columns, 0);
  }
  return total;
}
