// Rows of a table by their numbers, and the gradient of the table.

/// Whether an id names a row; false for NaN. Up to 2^24 rows, which float counts exactly.
KEEL_INLINE int is_token(float id, size_t tokens) {
  return id >= 0 && id < (float)tokens && id == (float)(int32_t)id;
}

KEEL_KERNEL(int64_t, keel_embedding,
            (const float *ids, const float *table, const float *positions, float *out,
             size_t rows, size_t time, size_t tokens, size_t columns),
            (ids, table, positions, out, rows, time, tokens, columns)) {
  int64_t total = 0;
  for (size_t i = 0; i < rows * time; i++, out += columns) {
    if (!is_token(ids[i], tokens)) {
      total += 1;
      KEEL_VECTORIZE for (size_t c = 0; c < columns; c++) out[c] = NAN;
      continue;
    }
    const float *row = table + (size_t)ids[i] * columns;
    if (positions) {
      const float *place = positions + i % time * columns;
      KEEL_VECTORIZE for (size_t c = 0; c < columns; c++) out[c] = row[c] + place[c];
    } else {
      memcpy(out, row, columns * sizeof *out);
    }
  }
  return total;
}

KEEL_KERNEL(void, keel_embedding_gradient,
            (const float *ids, const float *dy, float *d_table, float *d_positions, size_t rows,
             size_t time, size_t tokens, size_t columns),
            (ids, dy, d_table, d_positions, rows, time, tokens, columns)) {
  memset(d_table, 0, tokens * columns * sizeof *d_table);
  if (d_positions) memset(d_positions, 0, time * columns * sizeof *d_positions);
  for (size_t i = 0; i < rows * time; i++, dy += columns) {
    if (is_token(ids[i], tokens)) {
      float *row = d_table + (size_t)ids[i] * columns;
      KEEL_VECTORIZE for (size_t c = 0; c < columns; c++) row[c] += dy[c];
    }
    if (d_positions) {
      float *place = d_positions + i % time * columns;
      KEEL_VECTORIZE for (size_t c = 0; c < columns; c++) place[c] += dy[c];
    }
  }
}
