// Normalisation of groups of channels, over all places of a row together. Sums and x̂ are taken in
// double, so that neither a square nor x − mean can overflow. Channels lie side by side: a group is
// `width` of them in each of `pixels` places.

KEEL_INLINE double group_mean(const float *x, size_t pixels, size_t channels, size_t width) {
  double sum = 0;
  for (size_t p = 0; p < pixels; p++) {
    for (size_t c = 0; c < width; c++) sum += x[p * channels + c];
  }
  return sum / ((double)pixels * (double)width);
}

KEEL_INLINE double group_variance(const float *x, double mean, size_t pixels, size_t channels,
                                  size_t width) {
  double sum = 0;
  for (size_t p = 0; p < pixels; p++) {
    for (size_t c = 0; c < width; c++) {
      double distance = x[p * channels + c] - mean;
      sum += distance * distance;
    }
  }
  return sum / ((double)pixels * (double)width);
}

KEEL_KERNEL(int64_t, keel_group_norm,
            (const float *x, const float *gain, const float *bias, float *y, double *statistics,
             size_t rows, size_t pixels, size_t channels, size_t groups, double epsilon),
            (x, gain, bias, y, statistics, rows, pixels, channels, groups, epsilon)) {
  size_t width = channels / groups;
  for (size_t r = 0; r < rows; r++) {
    for (size_t g = 0; g < groups; g++, statistics += 2) {
      size_t start = r * pixels * channels + g * width;
      double mean = group_mean(x + start, pixels, channels, width);
      double variance = group_variance(x + start, mean, pixels, channels, width);
      double inverse = 1 / sqrt(variance + epsilon);
      statistics[0] = mean;
      statistics[1] = inverse;
      const float *a = gain + g * width, *b = bias + g * width;
      for (size_t p = 0; p < pixels; p++) {
        const float *from = x + start + p * channels;
        float *to = y + start + p * channels;
        for (size_t c = 0; c < width; c++) {
          to[c] = (float)((from[c] - mean) * inverse * a[c] + b[c]);
        }
      }
    }
  }
  return count_non_finite(x, rows * pixels * channels);
}

KEEL_KERNEL(int64_t, keel_group_norm_gradient,
            (const float *x, const float *gain, const double *statistics, const float *dy,
             float *dx, double *gain_sums, double *bias_sums, size_t rows, size_t pixels,
             size_t channels, size_t groups, int accumulate),
            (x, gain, statistics, dy, dx, gain_sums, bias_sums, rows, pixels, channels, groups,
             accumulate)) {
  size_t width = channels / groups;
  for (size_t r = 0; r < rows; r++) {
    for (size_t g = 0; g < groups; g++, statistics += 2) {
      size_t start = r * pixels * channels + g * width;
      double mean = statistics[0], inverse = statistics[1], sum = 0, product = 0;
      const float *a = gain + g * width;
      for (size_t p = 0; p < pixels; p++) {
        const float *from = x + start + p * channels, *d = dy + start + p * channels;
        for (size_t c = 0; c < width; c++) {
          double standard = (from[c] - mean) * inverse, slope = (double)d[c] * a[c];
          gain_sums[g * width + c] += d[c] * standard;
          bias_sums[g * width + c] += d[c];
          sum += slope;
          product += slope * standard;
        }
      }
      if (!dx) continue;
      sum /= (double)pixels * (double)width;
      product /= (double)pixels * (double)width;
      for (size_t p = 0; p < pixels; p++) {
        const float *from = x + start + p * channels, *d = dy + start + p * channels;
        float *to = dx + start + p * channels;
        for (size_t c = 0; c < width; c++) {
          double standard = (from[c] - mean) * inverse;
          float value = (float)(((double)d[c] * a[c] - sum - standard * product) * inverse);
          to[c] = accumulate ? to[c] + value : value;
        }
      }
    }
  }
  return count_non_finite(dy, rows * pixels * channels);
}
