// Normalisation of each row by itself: layer norm, and RMS norm where the mean is left in. Sums and
// x̂ are taken in double, so that neither a square nor x − mean can overflow.

KEEL_INLINE double row_mean(const float *x, size_t n) {
  double sum = 0;
  KEEL_VECTORIZE for (size_t c = 0; c < n; c++) {
    KEEL_REASSOCIATE
    sum += x[c];
  }
  return sum / (double)n;
}

KEEL_INLINE double row_mean_square(const float *x, double mean, size_t n) {
  double sum = 0;
  KEEL_VECTORIZE for (size_t c = 0; c < n; c++) {
    KEEL_REASSOCIATE
    double distance = x[c] - mean;
    sum += distance * distance;
  }
  return sum / (double)n;
}

KEEL_KERNEL(int64_t, keel_layer_norm,
            (const float *x, size_t x_stride, const float *gain, const float *bias, float *y,
             size_t y_stride, double *statistics, size_t rows, size_t columns, double epsilon,
             int centred),
            (x, x_stride, gain, bias, y, y_stride, statistics, rows, columns, epsilon, centred)) {
  int64_t total = 0;
  for (size_t r = 0; r < rows; r++, x += x_stride, y += y_stride, statistics += 2) {
    total += count_non_finite(x, columns);
    double mean = centred ? row_mean(x, columns) : 0;
    double inverse = 1 / sqrt(row_mean_square(x, mean, columns) + epsilon);
    statistics[0] = mean;
    statistics[1] = inverse;
    if (bias) {
      KEEL_VECTORIZE for (size_t c = 0; c < columns; c++) {
        y[c] = (float)((x[c] - mean) * inverse * gain[c] + bias[c]);
      }
    } else {
      KEEL_VECTORIZE for (size_t c = 0; c < columns; c++) {
        y[c] = (float)((x[c] - mean) * inverse * gain[c]);
      }
    }
  }
  return total;
}

/// Two sums over one row, with g = dy·gain: the means of g and of g·x̂.
typedef struct {
  double gradient;
  double product;
} row_means;

KEEL_INLINE row_means gradient_means(const float *x, double mean, double inverse,
                                     const float *gain, const float *dy, size_t n) {
  double sum = 0, product = 0;
  KEEL_VECTORIZE for (size_t c = 0; c < n; c++) {
    KEEL_REASSOCIATE
    double g = (double)dy[c] * gain[c];
    sum += g;
    product += g * ((x[c] - mean) * inverse);
  }
  return (row_means){sum / (double)n, product / (double)n};
}

/// dx = (g − mean of g − x̂·mean of g·x̂)·inverse; the first mean is 0 where x was not centred.
KEEL_INLINE void row_gradient(const float *x, double mean, double inverse, const float *gain,
                              const float *dy, row_means means, float *dx, size_t n,
                              int accumulate) {
  KEEL_VECTORIZE for (size_t c = 0; c < n; c++) {
    double g = (double)dy[c] * gain[c], standard = (x[c] - mean) * inverse;
    float value = (float)((g - means.gradient - standard * means.product) * inverse);
    dx[c] = accumulate ? dx[c] + value : value;
  }
}

KEEL_KERNEL(int64_t, keel_layer_norm_gradient,
            (const float *x, size_t x_stride, const float *gain, const double *statistics,
             const float *dy, size_t dy_stride, float *dx, size_t dx_stride, double *gain_sums,
             double *bias_sums, size_t rows, size_t columns, int centred, int accumulate),
            (x, x_stride, gain, statistics, dy, dy_stride, dx, dx_stride, gain_sums, bias_sums,
             rows, columns, centred, accumulate)) {
  int64_t total = 0;
  for (size_t r = 0; r < rows; r++, x += x_stride, dy += dy_stride, statistics += 2) {
    total += count_non_finite(dy, columns);
    double mean = statistics[0], inverse = statistics[1];
    KEEL_VECTORIZE for (size_t c = 0; c < columns; c++) {
      gain_sums[c] += dy[c] * ((x[c] - mean) * inverse);
    }
    if (bias_sums) {
      KEEL_VECTORIZE for (size_t c = 0; c < columns; c++) bias_sums[c] += dy[c];
    }
    if (!dx) continue;
    row_means means = gradient_means(x, mean, inverse, gain, dy, columns);
    if (!centred) means.gradient = 0;
    if (accumulate) {
      row_gradient(x, mean, inverse, gain, dy, means, dx, columns, 1);
    } else {
      row_gradient(x, mean, inverse, gain, dy, means, dx, columns, 0);
    }
    dx += dx_stride;
  }
  return total;
}

KEEL_KERNEL(void, keel_round_sums,
            (const double *sums, float *rounded, size_t n),
            (sums, rounded, n)) {
  for (size_t i = 0; i < n; i++) rounded[i] = (float)sums[i];
}
