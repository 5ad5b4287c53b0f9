// Scaled dot-product attention: for each row and head two products, and a softmax between them.

/// Softmax of each row of w[time, time]; where causal, of its first r + 1 columns, the rest
/// becoming 0. Returns the count of non-finite scores among those that count.
static int64_t attention_weights(float *w, size_t time, int causal) {
  int64_t total = 0;
  for (size_t r = 0; r < time; r++, w += time) {
    size_t seen = causal ? r + 1 : time;
    total += count_non_finite(w, seen);
    float factor = (float)(1 / exponentials(w, row_maximum(w, seen), w, seen));
    KEEL_VECTORIZE for (size_t c = 0; c < seen; c++) w[c] *= factor;
    memset(w + seen, 0, (time - seen) * sizeof *w);
  }
  return total;
}

KEEL_KERNEL(int64_t, keel_attention,
            (keel_attention_layout layout, const float *queries, const float *keys,
             const float *values, float *weights, float *context),
            (layout, queries, keys, values, weights, context)) {
  size_t time = layout.time, width = layout.width, units = layout.heads * width;
  float scale = (float)(1 / sqrt((double)width));
  int64_t total = 0;
  for (size_t i = 0; i < layout.rows * layout.heads; i++, weights += time * time) {
    size_t head = i % layout.heads * width, row = i / layout.heads * time;
    size_t query = row * layout.query_stride + head;
    keel_gemm_strided(0, 1, time, time, width, scale, queries + query, layout.query_stride,
                     keys + query, layout.query_stride, 0, weights, time);
    total += attention_weights(weights, time, layout.causal);
    keel_gemm_strided(0, 0, time, width, time, 1, weights, time,
                     values + row * layout.value_stride + head, layout.value_stride, 0,
                     context + row * units + head, units);
  }
  return total;
}

KEEL_KERNEL(int64_t, keel_attention_gradient,
            (keel_attention_layout layout, const float *queries, const float *keys,
             const float *values, const float *weights, const float *d_context, float *scratch,
             float *d_queries, float *d_keys, float *d_values),
            (layout, queries, keys, values, weights, d_context, scratch, d_queries, d_keys,
             d_values)) {
  size_t time = layout.time, width = layout.width, units = layout.heads * width;
  size_t stride = layout.query_stride, value_stride = layout.value_stride;
  float scale = (float)(1 / sqrt((double)width));
  int64_t total = 0;
  for (size_t i = 0; i < layout.rows * layout.heads; i++, weights += time * time) {
    size_t head = i % layout.heads * width, row = i / layout.heads * time;
    size_t query = row * stride + head, value = row * value_stride + head;
    const float *dy = d_context + row * units + head;
    keel_gemm_strided(1, 0, time, width, time, 1, weights, time, dy, units, 0, d_values + value,
                     value_stride);
    keel_gemm_strided(0, 1, time, time, width, 1, dy, units, values + value, value_stride, 0,
                     scratch, time);
    total += keel_softmax_gradient(weights, scratch, scratch, time, time, 0);
    keel_gemm_strided(0, 0, time, width, time, scale, scratch, time, keys + query, stride, 0,
                     d_queries + query, stride);
    keel_gemm_strided(1, 0, time, width, time, scale, scratch, time, queries + query, stride, 0,
                     d_keys + query, stride);
  }
  return total;
}
