// Batch normalisation over the rows of [rows, columns], a part of the rows after the other; parts
// are cut by shape alone, and their sums put together in order. x̂ is taken in double, so that
// x − mean cannot overflow.

enum { COLUMN_TILE = 16 };

/// One call, and how it is cut: `part` rows each.
typedef struct {
  size_t rows, columns, part;
  const float *x, *gain, *bias, *mean, *inverse, *dy;
  float *y;
  /// Two rows of sums of all, [2, columns]; then two of each part.
  double *first, *second, *sums;
  int accumulate;
} batch_norm;

/// By shape alone.
KEEL_INLINE size_t rows_of_part(size_t rows, size_t columns) {
  size_t least = 2 * KEEL_PIECE / columns + 1, most = (rows - 1) / KEEL_NORM_PARTS + 1;
  return least > most ? least : most;
}

KEEL_INLINE size_t part_count(const batch_norm *b) { return (b->rows - 1) / b->part + 1; }

KEEL_INLINE size_t rows_in_part(const batch_norm *b, size_t index) {
  size_t rest = b->rows - index * b->part;
  return rest < b->part ? rest : b->part;
}

/// Whether none of the numbers was NaN or infinite: a sum of floats in double cannot overflow.
KEEL_INLINE int are_finite(const double *sums, size_t n) {
  double total = 0;
  for (size_t c = 0; c < n; c++) total += sums[c] - sums[c];
  return total == 0;
}

KEEL_INLINE int64_t count_all_non_finite(const float *x, size_t n) {
  int64_t total = 0;
  for (size_t start = 0; start < n; start += KEEL_BLOCK) {
    total += count_non_finite(x + start, block_end(start, n) - start);
  }
  return total;
}

/// Sums over rows, and sums of squared distances from their mean, of `width` columns. A width that
/// the compiler knows keeps the sums in registers.
KEEL_INLINE void tile_moments(const float *x, size_t rows, size_t columns, size_t width,
                              double *totals, double *squares) {
  double sums[COLUMN_TILE] = {0}, means[COLUMN_TILE], distances[COLUMN_TILE] = {0};
  for (size_t r = 0; r < rows; r++) {
    KEEL_VECTORIZE for (size_t c = 0; c < width; c++) sums[c] += x[r * columns + c];
  }
  for (size_t c = 0; c < width; c++) means[c] = sums[c] / (double)rows;
  for (size_t r = 0; r < rows; r++) {
    KEEL_VECTORIZE for (size_t c = 0; c < width; c++) {
      double distance = x[r * columns + c] - means[c];
      distances[c] += distance * distance;
    }
  }
  memcpy(totals, sums, width * sizeof *totals);
  memcpy(squares, distances, width * sizeof *squares);
}

static int measure_part(void *context, size_t index) {
  const batch_norm *b = context;
  size_t columns = b->columns, rows = rows_in_part(b, index), c = 0;
  const float *x = b->x + index * b->part * columns;
  double *sums = b->sums + 2 * index * columns, *squares = sums + columns;
  for (; c + COLUMN_TILE <= columns; c += COLUMN_TILE) {
    tile_moments(x + c, rows, columns, COLUMN_TILE, sums + c, squares + c);
  }
  if (c < columns) tile_moments(x + c, rows, columns, columns - c, sums + c, squares + c);
  return 1;
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

static int standardize_part(void *context, size_t index) {
  const batch_norm *b = context;
  size_t start = index * b->part * b->columns;
  for (size_t r = 0; r < rows_in_part(b, index); r++, start += b->columns) {
    standardize_row(b->x + start, b->first, b->second, b->bias, b->y + start, b->columns);
  }
  return 1;
}

/// Mean and variance over all rows from the sums of the parts (Chan et al., 1979). The mean of a
/// column of equal numbers is that number, and its variance 0.
static void combine_moments(const batch_norm *b, double *mean, double *variance) {
  size_t columns = b->columns, parts = part_count(b);
  memset(mean, 0, columns * sizeof *mean);
  memset(variance, 0, columns * sizeof *variance);
  for (size_t index = 0; index < parts; index++) {
    const double *sums = b->sums + 2 * index * columns;
    for (size_t c = 0; c < columns; c++) mean[c] += sums[c];
  }
  for (size_t c = 0; c < columns; c++) mean[c] /= (double)b->rows;
  for (size_t index = 0; index < parts; index++) {
    double rows = (double)rows_in_part(b, index);
    const double *sums = b->sums + 2 * index * columns, *squares = sums + columns;
    for (size_t c = 0; c < columns; c++) {
      double distance = sums[c] / rows - mean[c];
      variance[c] += (squares[c] + rows * distance * distance) / (double)b->rows;
    }
  }
}

KEEL_KERNEL(int64_t, keel_batch_norm,
            (const float *x, const float *gain, const float *bias, float *y, float *mean,
             double *variance, float *inverse, double *scratch, size_t rows, size_t columns,
             double epsilon),
            (x, gain, bias, y, mean, variance, inverse, scratch, rows, columns, epsilon)) {
  if (rows == 0 || columns == 0) return 0;
  double *means = scratch, *factors = scratch + columns;
  batch_norm b = {.rows = rows, .columns = columns, .part = rows_of_part(rows, columns), .x = x,
                  .bias = bias, .y = y, .first = means, .second = factors,
                  .sums = scratch + 2 * columns};
  keel_parallel(part_count(&b), measure_part, &b);
  combine_moments(&b, means, variance);
  for (size_t c = 0; c < columns; c++) {
    double root = 1 / sqrt(variance[c] + epsilon);
    factors[c] = gain ? root * gain[c] : root;
    inverse[c] = (float)root;
    mean[c] = (float)means[c];
  }
  keel_parallel(part_count(&b), standardize_part, &b);
  return are_finite(means, columns) ? 0 : count_all_non_finite(x, rows * columns);
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

/// Σ dy and Σ dy·x̂ over rows, of `width` columns.
KEEL_INLINE void tile_products(const float *x, const float *dy, const float *mean,
                               const float *inverse, size_t rows, size_t columns, size_t width,
                               double *sums, double *products) {
  double first[COLUMN_TILE] = {0}, second[COLUMN_TILE] = {0};
  for (size_t r = 0; r < rows * columns; r += columns) {
    KEEL_VECTORIZE for (size_t c = 0; c < width; c++) {
      first[c] += dy[r + c];
      second[c] += ((double)x[r + c] - mean[c]) * inverse[c] * dy[r + c];
    }
  }
  memcpy(sums, first, width * sizeof *sums);
  memcpy(products, second, width * sizeof *products);
}

static int sum_part(void *context, size_t index) {
  const batch_norm *b = context;
  size_t columns = b->columns, rows = rows_in_part(b, index), c = 0;
  size_t start = index * b->part * columns;
  double *sums = b->sums + 2 * index * columns, *products = sums + columns;
  for (; c + COLUMN_TILE <= columns; c += COLUMN_TILE) {
    tile_products(b->x + start + c, b->dy + start + c, b->mean + c, b->inverse + c, rows, columns,
                  COLUMN_TILE, sums + c, products + c);
  }
  if (c < columns) {
    tile_products(b->x + start + c, b->dy + start + c, b->mean + c, b->inverse + c, rows, columns,
                  columns - c, sums + c, products + c);
  }
  return 1;
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

KEEL_INLINE void input_gradient(const batch_norm *b, size_t index, int accumulate) {
  size_t columns = b->columns, first = index * b->part;
  for (size_t start = 0; start < columns; start += KEEL_BLOCK) {
    size_t count = block_end(start, columns) - start;
    double factor[KEEL_BLOCK];
    for (size_t c = start; c < start + count; c++) {
      factor[c - start] = b->gain ? (double)b->gain[c] * b->inverse[c] : b->inverse[c];
    }
    for (size_t r = first; r < first + rows_in_part(b, index); r++) {
      size_t row = r * columns + start;
      gradient_row(b->x + row, b->mean + start, b->inverse + start, b->dy + row, b->first + start,
                   b->second + start, factor, b->y + row, count, accumulate);
    }
  }
}

static int input_gradient_part(void *context, size_t index) {
  const batch_norm *b = context;
  if (b->accumulate) {
    input_gradient(b, index, 1);
  } else {
    input_gradient(b, index, 0);
  }
  return 1;
}

KEEL_KERNEL(int64_t, keel_batch_norm_gradient,
            (const float *x, const float *gain, const float *mean, const float *inverse,
             const float *dy, float *dx, float *d_gain, float *d_bias, double *scratch,
             size_t rows, size_t columns, int accumulate),
            (x, gain, mean, inverse, dy, dx, d_gain, d_bias, scratch, rows, columns, accumulate)) {
  if (rows == 0 || columns == 0) return 0;
  double *sums = scratch, *products = scratch + columns;
  batch_norm b = {.rows = rows, .columns = columns, .part = rows_of_part(rows, columns), .x = x,
                  .gain = gain, .mean = mean, .inverse = inverse, .dy = dy, .y = dx, .first = sums,
                  .second = products, .sums = scratch + 2 * columns, .accumulate = accumulate};
  keel_parallel(part_count(&b), sum_part, &b);
  memcpy(sums, b.sums, 2 * columns * sizeof *sums);
  for (size_t index = 1; index < part_count(&b); index++) {
    const double *part = b.sums + 2 * index * columns;
    for (size_t c = 0; c < 2 * columns; c++) sums[c] += part[c];
  }
  int64_t total = are_finite(sums, columns) ? 0 : count_all_non_finite(dy, rows * columns);
  for (size_t c = 0; c < columns; c++) {
    if (d_gain) d_gain[c] = (float)products[c];
    if (d_bias) d_bias[c] = (float)sums[c];
    sums[c] /= (double)rows;
    products[c] /= (double)rows;
  }
  if (dx) keel_parallel(part_count(&b), input_gradient_part, &b);
  return total;
}
