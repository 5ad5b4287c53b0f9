// One step in time of gated recurrent layers, and its gradient. Products with weights are BLAS's;
// what lies between them is here.

KEEL_KERNEL(void, keel_swap_axes,
            (const float *x, float *y, size_t outer, size_t inner, size_t width, int accumulate),
            (x, y, outer, inner, width, accumulate)) {
  for (size_t i = 0; i < inner; i++) {
    for (size_t o = 0; o < outer; o++) {
      const float *from = x + (o * inner + i) * width;
      float *to = y + (i * outer + o) * width;
      if (accumulate) {
        KEEL_VECTORIZE for (size_t k = 0; k < width; k++) to[k] += from[k];
      } else {
        KEEL_VECTORIZE for (size_t k = 0; k < width; k++) to[k] = from[k];
      }
    }
  }
}

/// 0, or NaN where x is not finite: a gate would make a number of an infinity, and hide it.
KEEL_INLINE float trace_of(float x) { return x - x; }

KEEL_INLINE float sigmoid_slope(float y) { return y * (1 - y); }
KEEL_INLINE float tanh_slope(float y) { return 1 - y * y; }

// MARK: LSTM

KEEL_KERNEL(int64_t, keel_lstm,
            (float *gates, const float *previous, float *cells, float *states, size_t rows,
             size_t units),
            (gates, previous, cells, states, rows, units)) {
  int64_t total = 0;
  for (size_t r = 0; r < rows; r++) {
    float *input = gates + r * 4 * units, *forget = input + units, *candidate = forget + units,
          *output = candidate + units;
    const float *before = previous + r * units;
    float *cell = cells + r * units, *state = states + r * units;
    total += count_non_finite(input, 4 * units);
    KEEL_VECTORIZE for (size_t u = 0; u < units; u++) {
      float bad = trace_of(input[u]) + trace_of(forget[u]) + trace_of(candidate[u]) +
                  trace_of(output[u]);
      input[u] = sigmoid_of(input[u]);
      forget[u] = sigmoid_of(forget[u]);
      candidate[u] = tanh_of(candidate[u]);
      output[u] = sigmoid_of(output[u]);
      cell[u] = forget[u] * before[u] + input[u] * candidate[u] + bad;
      state[u] = output[u] * tanh_of(cell[u]) + bad;
    }
  }
  return total;
}

KEEL_KERNEL(int64_t, keel_lstm_gradient,
            (const float *gates, const float *previous, const float *cells, const float *d_states,
             float *d_cells, float *d_gates, size_t rows, size_t units),
            (gates, previous, cells, d_states, d_cells, d_gates, rows, units)) {
  int64_t total = 0;
  for (size_t r = 0; r < rows; r++) {
    const float *input = gates + r * 4 * units, *forget = input + units,
                *candidate = forget + units, *output = candidate + units;
    float *d_input = d_gates + r * 4 * units, *d_forget = d_input + units,
          *d_candidate = d_forget + units, *d_output = d_candidate + units;
    const float *before = previous + r * units, *cell = cells + r * units,
                *d_state = d_states + r * units;
    float *d_cell = d_cells + r * units;
    total += count_non_finite(d_state, units) + count_non_finite(d_cell, units);
    KEEL_VECTORIZE for (size_t u = 0; u < units; u++) {
      float squashed = tanh_of(cell[u]);
      float d = d_cell[u] + d_state[u] * output[u] * tanh_slope(squashed);
      d_output[u] = d_state[u] * squashed * sigmoid_slope(output[u]);
      d_input[u] = d * candidate[u] * sigmoid_slope(input[u]);
      d_forget[u] = d * before[u] * sigmoid_slope(forget[u]);
      d_candidate[u] = d * input[u] * tanh_slope(candidate[u]);
      d_cell[u] = d * forget[u];
    }
  }
  return total;
}

// MARK: GRU

KEEL_KERNEL(int64_t, keel_gru,
            (float *gates, const float *products, const float *bias, const float *previous,
             float *candidates, float *states, size_t rows, size_t units),
            (gates, products, bias, previous, candidates, states, rows, units)) {
  int64_t total = 0;
  for (size_t r = 0; r < rows; r++) {
    float *reset = gates + r * 3 * units, *update = reset + units, *new = update + units;
    const float *p_reset = products + r * 3 * units, *p_update = p_reset + units,
                *p_new = p_update + units;
    const float *before = previous + r * units;
    float *candidate = candidates + r * units, *state = states + r * units;
    int32_t count = 0;
    KEEL_VECTORIZE for (size_t u = 0; u < units; u++) {
      float from_reset = reset[u] + p_reset[u], from_update = update[u] + p_update[u];
      float from_state = p_new[u] + bias[u];
      float open = sigmoid_of(from_reset), keep = sigmoid_of(from_update);
      float sum = new[u] + open * from_state;
      float fresh = tanh_of(sum);
      count += not_finite(from_reset) | not_finite(from_update) | not_finite(sum);
      candidate[u] = from_state;
      reset[u] = open;
      update[u] = keep;
      new[u] = fresh;
      state[u] = fresh + keep * (before[u] - fresh) + trace_of(from_reset) +
                 trace_of(from_update) + trace_of(sum);
    }
    total += count;
  }
  return total;
}

KEEL_KERNEL(int64_t, keel_gru_gradient,
            (const float *gates, const float *candidates, const float *previous,
             const float *d_states, float *d_gates, float *d_candidates, float *d_previous,
             size_t rows, size_t units),
            (gates, candidates, previous, d_states, d_gates, d_candidates, d_previous, rows,
             units)) {
  int64_t total = 0;
  for (size_t r = 0; r < rows; r++) {
    const float *reset = gates + r * 3 * units, *update = reset + units, *new = update + units;
    float *d_reset = d_gates + r * 3 * units, *d_update = d_reset + units,
          *d_new = d_update + units;
    const float *candidate = candidates + r * units, *before = previous + r * units,
                *d_state = d_states + r * units;
    float *d_candidate = d_candidates + r * units;
    total += count_non_finite(d_state, units);
    KEEL_VECTORIZE for (size_t u = 0; u < units; u++) {
      float d_sum = d_state[u] * (1 - update[u]) * tanh_slope(new[u]);
      d_update[u] = d_state[u] * (before[u] - new[u]) * sigmoid_slope(update[u]);
      d_reset[u] = d_sum * candidate[u] * sigmoid_slope(reset[u]);
      d_new[u] = d_sum;
      d_candidate[u] = d_sum * reset[u];
    }
    if (!d_previous) continue;
    float *d_before = d_previous + r * units;
    KEEL_VECTORIZE for (size_t u = 0; u < units; u++) d_before[u] += d_state[u] * update[u];
  }
  return total;
}
