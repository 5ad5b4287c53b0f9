// Optimizer steps. Each updates a block of weights and state, leaves the steps taken in a buffer,
// and measures all of them while they are in the first-level cache: one pass over memory. Loops
// load everything before they store: big arrays tend to start at the same offset in a page, and a
// load waits for a store to that offset of another page.

/// Adds the measures of an updated block; `step` is w_new − w_old.
KEEL_INLINE void account(keel_update *total, const float *w, const float *step, size_t n) {
  keel_moments weights = block_moments(w, n);
  total->weight_squares += weights.sum_of_squares;
  total->non_finite += weights.non_finite;
  total->update_squares += block_moments(step, n).sum_of_squares;
}

/// w −= lr·direction; leaves the step in `direction`.
KEEL_INLINE void descend(float *w, float *direction, size_t n, float lr) {
  KEEL_VECTORIZE for (size_t i = 0; i < n; i++) {
    float old = w[i], new = old - lr * direction[i];
    w[i] = new;
    direction[i] = new - old;
  }
}

/// The direction, before lr; without momentum it is the gradient.
KEEL_INLINE void sgd_direction(const float *g, float *v, float *direction, size_t n, float scale,
                               float momentum, int nesterov) {
  if (!v) {
    KEEL_VECTORIZE for (size_t i = 0; i < n; i++) direction[i] = g[i] * scale;
    return;
  }
  float from_gradient = nesterov ? 1 : 0, from_velocity = nesterov ? momentum : 1;
  KEEL_VECTORIZE for (size_t i = 0; i < n; i++) {
    float gradient = g[i] * scale;
    float velocity = momentum * v[i] + gradient;
    v[i] = velocity;
    direction[i] = from_gradient * gradient + from_velocity * velocity;
  }
}

KEEL_KERNEL(keel_update, keel_sgd,
            (float *w, const float *g, float *velocity, size_t n, float scale, float lr,
             float momentum, int nesterov),
            (w, g, velocity, n, scale, lr, momentum, nesterov)) {
  keel_update total = {0};
  float step[KEEL_BLOCK];
  for (size_t start = 0; start < n; start += KEEL_BLOCK) {
    size_t count = block_end(start, n) - start;
    float *v = velocity ? velocity + start : NULL;
    sgd_direction(g + start, v, step, count, scale, momentum, nesterov);
    descend(w + start, step, count, lr);
    account(&total, w + start, step, count);
    if (v) total.non_finite += count_non_finite(v, count);
  }
  return total;
}

/// s = keep·s + take·g²; w −= lr·g/(√s + epsilon).
KEEL_INLINE keel_update scaled_by_squares(float *w, const float *g, float *squares, size_t n,
                                          float scale, float lr, float keep, float take,
                                          float epsilon) {
  keel_update total = {0};
  float step[KEEL_BLOCK];
  for (size_t start = 0; start < n; start += KEEL_BLOCK) {
    size_t end = block_end(start, n), count = end - start;
    KEEL_VECTORIZE for (size_t i = start; i < end; i++) {
      float gradient = g[i] * scale;
      float sum = keep * squares[i] + take * gradient * gradient;
      squares[i] = sum;
      step[i - start] = gradient / (sqrt_of(sum) + epsilon);
    }
    descend(w + start, step, count, lr);
    account(&total, w + start, step, count);
    total.non_finite += count_non_finite(squares + start, count);
  }
  return total;
}

KEEL_KERNEL(keel_update, keel_adagrad,
            (float *w, const float *g, float *squares, size_t n, float scale, float lr,
             float epsilon),
            (w, g, squares, n, scale, lr, epsilon)) {
  return scaled_by_squares(w, g, squares, n, scale, lr, 1, 1, epsilon);
}

KEEL_KERNEL(keel_update, keel_rmsprop,
            (float *w, const float *g, float *squares, size_t n, float scale, float lr,
             double rho, float epsilon),
            (w, g, squares, n, scale, lr, rho, epsilon)) {
  return scaled_by_squares(w, g, squares, n, scale, lr, (float)rho, (float)(1 - rho), epsilon);
}

KEEL_KERNEL(keel_update, keel_adadelta,
            (float *w, const float *g, float *squares, float *steps, size_t n, float scale,
             float lr, double rho, float epsilon),
            (w, g, squares, steps, n, scale, lr, rho, epsilon)) {
  keel_update total = {0};
  float step[KEEL_BLOCK], keep = (float)rho, take = (float)(1 - rho);
  for (size_t start = 0; start < n; start += KEEL_BLOCK) {
    size_t end = block_end(start, n), count = end - start;
    KEEL_VECTORIZE for (size_t i = start; i < end; i++) {
      float gradient = g[i] * scale, past = steps[i];
      float sum = keep * squares[i] + take * gradient * gradient;
      float direction = sqrt_of(past + epsilon) / sqrt_of(sum + epsilon) * gradient;
      squares[i] = sum;
      steps[i] = keep * past + take * direction * direction;
      step[i - start] = direction;
    }
    descend(w + start, step, count, lr);
    account(&total, w + start, step, count);
    total.non_finite +=
        count_non_finite(squares + start, count) + count_non_finite(steps + start, count);
  }
  return total;
}

/// What the settings of Adam and its kin come to at step t.
typedef struct {
  float scale, keep, rate, correction, epsilon, beta1, gain1, beta2, gain2;
} adam_constants;

static adam_constants adam_at(int64_t t, float scale, double lr, double beta1, double beta2,
                              double epsilon, double decay) {
  return (adam_constants){
      .scale = scale,
      .keep = (float)(1 - lr * decay),
      .rate = (float)(lr / (1 - pow(beta1, (double)t))),
      .correction = (float)(1 / sqrt(1 - pow(beta2, (double)t))),
      .epsilon = (float)epsilon,
      .beta1 = (float)beta1,
      .gain1 = (float)(1 - beta1),
      .beta2 = (float)beta2,
      .gain2 = (float)(1 - beta2),
  };
}

KEEL_INLINE void adam_block(float *w, const float *g, float *m, float *v, float *step, size_t n,
                            adam_constants k) {
  KEEL_VECTORIZE for (size_t i = 0; i < n; i++) {
    float gradient = g[i] * k.scale, old = w[i];
    float first = k.beta1 * m[i] + k.gain1 * gradient;
    float second = k.beta2 * v[i] + k.gain2 * gradient * gradient;
    float new = old * k.keep - k.rate * first / (sqrt_of(second) * k.correction + k.epsilon);
    m[i] = first;
    v[i] = second;
    w[i] = new;
    step[i] = new - old;
  }
}

KEEL_KERNEL(keel_update, keel_adam,
            (float *w, const float *g, float *m, float *v, size_t n, float scale, double lr,
             double beta1, double beta2, double epsilon, double decay, int64_t t),
            (w, g, m, v, n, scale, lr, beta1, beta2, epsilon, decay, t)) {
  adam_constants k = adam_at(t, scale, lr, beta1, beta2, epsilon, decay);
  keel_update total = {0};
  float step[KEEL_BLOCK];
  for (size_t start = 0; start < n; start += KEEL_BLOCK) {
    size_t count = block_end(start, n) - start;
    adam_block(w + start, g + start, m + start, v + start, step, count, k);
    account(&total, w + start, step, count);
    total.non_finite += count_non_finite(m + start, count) + count_non_finite(v + start, count);
  }
  return total;
}

/// Σ g²/max(v, epsilon²), v the corrected second moment *with* this gradient: a mean above 1 says
/// that v lags behind. Where v is 0 (and epsilon too) g is, and counts as nothing.
KEEL_KERNEL(double, keel_adam_surprise,
            (const float *g, const float *v, size_t n, float scale, double beta2, double epsilon,
             int64_t t),
            (g, v, n, scale, beta2, epsilon, t)) {
  float keep = (float)beta2, gain = (float)(1 - beta2), least = (float)(epsilon * epsilon);
  float correction = (float)(1 / (1 - pow(beta2, (double)t)));
  double total = 0;
  for (size_t start = 0; start < n; start += KEEL_BLOCK) {
    size_t end = block_end(start, n);
    float sum = 0;
    KEEL_VECTORIZE for (size_t i = start; i < end; i++) {
      KEEL_REASSOCIATE
      float gradient = g[i] * scale, square = gradient * gradient;
      float second = (keep * v[i] + gain * square) * correction;
      float divisor = second < least ? least : second;
      sum += divisor == 0 ? 0 : square / divisor;
    }
    total += sum;
  }
  return total;
}
