// Element-wise and row-wise arithmetic that BLAS does not offer, or not in the type wanted.

KEEL_KERNEL(void, keel_fill, (float *x, size_t n, float value), (x, n, value)) {
  KEEL_VECTORIZE for (size_t i = 0; i < n; i++) x[i] = value;
}

KEEL_KERNEL(void, keel_add, (const float *a, const float *b, float *y, size_t n), (a, b, y, n)) {
  KEEL_VECTORIZE for (size_t i = 0; i < n; i++) y[i] = a[i] + b[i];
}

KEEL_KERNEL(void, keel_copy,
            (const float *x, float *y, size_t n, int accumulate),
            (x, y, n, accumulate)) {
  if (accumulate) {
    KEEL_VECTORIZE for (size_t i = 0; i < n; i++) y[i] += x[i];
  } else if (n > 0) {
    memmove(y, x, n * sizeof *y);
  }
}

KEEL_KERNEL(void, keel_axpy,
            (float alpha, const float *x, float *y, size_t n),
            (alpha, x, y, n)) {
  KEEL_VECTORIZE for (size_t i = 0; i < n; i++) y[i] += alpha * x[i];
}

KEEL_KERNEL(double, keel_dot, (const float *x, const float *y, size_t n), (x, y, n)) {
  double sum = 0;
  KEEL_VECTORIZE for (size_t i = 0; i < n; i++) {
    KEEL_REASSOCIATE
    sum += (double)x[i] * y[i];
  }
  return sum;
}

KEEL_KERNEL(void, keel_broadcast_rows,
            (const float *b, float *y, size_t rows, size_t columns),
            (b, y, rows, columns)) {
  if (columns == 0) return;
  for (size_t r = 0; r < rows; r++) memcpy(y + r * columns, b, columns * sizeof *y);
}

typedef struct {
  const float *x;
  float *sums;
  size_t rows, columns;
} column_sums;

/// Columns that one thread sums: as many as make its work a piece, and fit its sums.
KEEL_INLINE size_t column_share(const column_sums *s) {
  size_t share = (KEEL_PIECE / s->rows + 64) / 64 * 64;
  return share < KEEL_BLOCK ? share : KEEL_BLOCK;
}

static int sum_columns(void *context, size_t index) {
  const column_sums *s = context;
  size_t start = index * column_share(s), rest = s->columns - start;
  size_t count = rest < column_share(s) ? rest : column_share(s);
  double totals[KEEL_BLOCK];
  memset(totals, 0, count * sizeof *totals);
  for (size_t r = 0; r < s->rows; r++) {
    const float *row = s->x + r * s->columns + start;
    KEEL_VECTORIZE for (size_t c = 0; c < count; c++) totals[c] += row[c];
  }
  KEEL_VECTORIZE for (size_t c = 0; c < count; c++) s->sums[start + c] = (float)totals[c];
  return 1;
}

/// In double, a share of the columns at a time, as there is no scratch to hold a whole row of sums.
KEEL_KERNEL(void, keel_column_sums,
            (const float *x, float *sums, size_t rows, size_t columns),
            (x, sums, rows, columns)) {
  if (rows == 0) return keel_fill(sums, columns, 0);
  column_sums s = {x, sums, rows, columns};
  keel_parallel((columns + column_share(&s) - 1) / column_share(&s), sum_columns, &s);
}

typedef struct {
  const float *x;
  size_t stride, lanes;
  float *y;
  size_t n;
} lane_sums;

static int sum_lanes_block(void *context, size_t index) {
  const lane_sums *s = context;
  size_t start = index * KEEL_PIECE, end = piece_end(start, s->n);
  for (size_t from = start; from < end; from += KEEL_BLOCK) {
    size_t count = block_end(from, end) - from;
    float *y = s->y + from;
    memcpy(y, s->x + from, count * sizeof *y);
    for (size_t lane = 1; lane < s->lanes; lane++) {
      const float *x = s->x + lane * s->stride + from;
      KEEL_VECTORIZE for (size_t i = 0; i < count; i++) y[i] += x[i];
    }
  }
  return 1;
}

KEEL_KERNEL(void, keel_sum_lanes,
            (const float *x, size_t stride, size_t lanes, float *y, size_t n),
            (x, stride, lanes, y, n)) {
  lane_sums s = {x, stride, lanes, y, n};
  keel_parallel(pieces(n), sum_lanes_block, &s);
}

KEEL_KERNEL(void, keel_gather_rows,
            (const float *table, const int32_t *indices, float *out, size_t rows, size_t columns),
            (table, indices, out, rows, columns)) {
  if (columns == 0) return;
  for (size_t r = 0; r < rows; r++) {
    memcpy(out + r * columns, table + (size_t)indices[r] * columns, columns * sizeof *out);
  }
}

KEEL_KERNEL(int64_t, keel_mask,
            (const float *dy, const float *mask, float *dx, size_t n, int accumulate),
            (dy, mask, dx, n, accumulate)) {
  int64_t total = 0;
  for (size_t start = 0; start < n; start += KEEL_BLOCK) {
    size_t end = block_end(start, n);
    total += count_non_finite(dy + start, end - start);
    if (accumulate) {
      KEEL_VECTORIZE for (size_t i = start; i < end; i++) dx[i] += dy[i] * mask[i];
    } else {
      KEEL_VECTORIZE for (size_t i = start; i < end; i++) dx[i] = dy[i] * mask[i];
    }
  }
  return total;
}

/// A row whose norm is not finite is left alone: scaling would hide its finite part.
KEEL_KERNEL(void, keel_limit_row_norms,
            (float *w, size_t rows, size_t columns, float limit),
            (w, rows, columns, limit)) {
  for (size_t r = 0; r < rows; r++) {
    float *row = w + r * columns;
    double norm = sqrt(keel_measure(row, columns).sum_of_squares);
    if (!(norm > limit) || isinf(norm)) continue;
    double factor = limit / norm;
    KEEL_VECTORIZE for (size_t c = 0; c < columns; c++) row[c] = (float)(row[c] * factor);
  }
}
