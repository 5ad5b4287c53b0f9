// Sums of products that stay in registers, which convolutions (direct.c) and products with packed
// weights (panels.c) are made of: tiles of a few rows, one to three vectors wide.

/// Floats that one instruction works on; a level's file says how many.
typedef float vector __attribute__((vector_size(4 * KEEL_VECTOR), aligned(4)));

enum {
  /// Rows of a tile two vectors wide whose sums stay in registers.
  MOST_ROWS = KEEL_VECTOR == 16 ? 12 : 6,
  /// The same of a tile of outer products, and its vectors.
  MOST_SINGLES = KEEL_VECTOR == 16 ? 8 : 6,
  MOST_VECTORS = KEEL_VECTOR == 16 ? 3 : 2,
  /// A multiple of every level's vector: rows of packed weights are this long, or multiples.
  PACK = 16,
};

KEEL_INLINE size_t packed(size_t n) { return (n + PACK - 1) / PACK * PACK; }

/// The first lanes of a vector; the others are 0.
KEEL_INLINE vector load(const float *x, size_t lanes) {
  vector v = {0};
  if (lanes >= KEEL_VECTOR) {
    memcpy(&v, x, sizeof v);
  } else {
    memcpy(&v, x, lanes * sizeof *x);
  }
  return v;
}

KEEL_INLINE void store(vector v, float *x, size_t lanes) {
  if (lanes >= KEEL_VECTOR) {
    memcpy(x, &v, sizeof v);
  } else {
    memcpy(x, &v, lanes * sizeof *x);
  }
}

// MARK: rows times packed weights

/// Where a tap reads, in floats from a row's place, and its weights: a row for each number read.
typedef struct {
  long offset;
  const float *weight;
} tap;

/// What rows are multiplied with.
typedef struct {
  const tap *taps;
  size_t tap_count;
  /// Numbers that a tap reads, and floats from one row of its weights to the next.
  size_t depth, weight_row;
  /// What the sums begin with; NULL: with what is there if `adds`, else with 0.
  const float *bias;
  int adds;
} row_sums;

KEEL_INLINE void sum_tile(const size_t rows, const size_t vectors, const row_sums *k,
                          const float *x, size_t x_row, float *y, size_t y_row, size_t place,
                          size_t lanes) {
  vector sums[MOST_ROWS][2];
  KEEL_UNROLL for (size_t r = 0; r < rows; r++) {
    KEEL_UNROLL for (size_t v = 0; v < vectors; v++) {
      size_t at = v * KEEL_VECTOR, count = lanes - at;
      sums[r][v] = k->bias   ? load(k->bias + place + at, count)
                   : k->adds ? load(y + r * y_row + place + at, count)
                             : (vector){0};
      __builtin_prefetch(y + r * y_row + place + at, 1);
    }
  }
  for (size_t t = 0; t < k->tap_count; t++) {
    const float *input = x + k->taps[t].offset, *weight = k->taps[t].weight + place;
    for (size_t c = 0; c < k->depth; c++, weight += k->weight_row) {
      vector weights[2];
      KEEL_UNROLL for (size_t v = 0; v < vectors; v++) {
        weights[v] = load(weight + v * KEEL_VECTOR, KEEL_VECTOR);
      }
      KEEL_UNROLL for (size_t r = 0; r < rows; r++) {
        KEEL_UNROLL for (size_t v = 0; v < vectors; v++) {
          sums[r][v] += weights[v] * input[r * x_row + c];
        }
      }
    }
  }
  KEEL_UNROLL for (size_t r = 0; r < rows; r++) {
    KEEL_UNROLL for (size_t v = 0; v < vectors; v++) {
      size_t at = v * KEEL_VECTOR;
      store(sums[r][v], y + r * y_row + place + at, lanes - at);
    }
  }
}

/// A tile of as many rows as there are, or as fit: returns how many.
KEEL_INLINE size_t sum_some_rows(size_t rest, const size_t vectors, const row_sums *k,
                                 const float *x, size_t x_row, float *y, size_t y_row,
                                 size_t place, size_t lanes) {
#define TILE(count) \
  return sum_tile(count, vectors, k, x, x_row, y, y_row, place, lanes), (size_t)(count)
  // Sixteen are two tiles of eight rather than one of twelve and one of four.
  if (rest >= MOST_ROWS && rest != 16) TILE(MOST_ROWS);
  if (MOST_ROWS > 8 && rest >= 8) TILE(MOST_ROWS > 8 ? 8 : 1);
  if (rest >= 4) TILE(4);
  if (rest >= 2) TILE(2);
  TILE(1);
#undef TILE
}

/// y[r, ..< width] = or += what the taps see of x at row r.
static void sum_rows(const row_sums *k, size_t rows, size_t width, const float *x, size_t x_row,
                     float *y, size_t y_row) {
  for (size_t place = 0; place < width; place += 2 * KEEL_VECTOR) {
    size_t lanes = width - place;
    for (size_t r = 0; r < rows;) {
      const float *from = x + r * x_row;
      float *to = y + r * y_row;
      r += lanes > KEEL_VECTOR
               ? sum_some_rows(rows - r, 2, k, from, x_row, to, y_row, place, lanes)
               : sum_some_rows(rows - r, 1, k, from, x_row, to, y_row, place, lanes);
    }
  }
}

// MARK: outer products

/// Pairs of vectors whose outer products are summed, in lines: single numbers of the one, a run of
/// the other. Runs are read in whole vectors, beyond their end too.
typedef struct {
  size_t lines, length;
  const float *single;
  size_t single_line, single_step;
  const float *run;
  size_t run_line, run_step;
  /// Whether the sums take the place of what is there, with a number added for each of the run
  /// (NULL: none), or are added to it.
  int overwrites;
  const float *bias;
} pairs;

KEEL_INLINE void outer_tile(const size_t singles, const size_t vectors, const pairs *k,
                            size_t first, size_t place, float *target, size_t row, size_t lanes) {
  vector sums[MOST_SINGLES][MOST_VECTORS];
  KEEL_UNROLL for (size_t s = 0; s < singles; s++) {
    KEEL_UNROLL for (size_t v = 0; v < vectors; v++) {
      sums[s][v] = (vector){0};
      __builtin_prefetch(target + (first + s) * row + place + v * KEEL_VECTOR, 1);
    }
  }
  for (size_t line = 0; line < k->lines; line++) {
    const float *one = k->single + line * k->single_line + first;
    const float *many = k->run + line * k->run_line + place;
    for (size_t pair = 0; pair < k->length; pair++, one += k->single_step, many += k->run_step) {
      vector numbers[MOST_VECTORS];
      KEEL_UNROLL for (size_t v = 0; v < vectors; v++) {
        numbers[v] = load(many + v * KEEL_VECTOR, KEEL_VECTOR);
      }
      KEEL_UNROLL for (size_t s = 0; s < singles; s++) {
        KEEL_UNROLL for (size_t v = 0; v < vectors; v++) sums[s][v] += numbers[v] * one[s];
      }
    }
  }
  KEEL_UNROLL for (size_t s = 0; s < singles; s++) {
    KEEL_UNROLL for (size_t v = 0; v < vectors; v++) {
      size_t at = v * KEEL_VECTOR;
      float *to = target + (first + s) * row + place + at;
      if (!k->overwrites) sums[s][v] += load(to, lanes - at);
      if (k->bias) sums[s][v] += load(k->bias + place + at, lanes - at);
      store(sums[s][v], to, lanes - at);
    }
  }
}

KEEL_INLINE size_t some_outer_products(size_t rest, const size_t vectors, const pairs *k,
                                       size_t first, size_t place, float *target, size_t row,
                                       size_t lanes) {
#define TILE(count) \
  return outer_tile(count, vectors, k, first, place, target, row, lanes), (size_t)(count)
  if (rest >= MOST_SINGLES) TILE(MOST_SINGLES);
  if (rest >= 4) TILE(4);
  if (rest >= 2) TILE(2);
  TILE(1);
#undef TILE
}

/// target[s, ..< width] = or += Σ over pairs of single[s] · run[..< width].
static void sum_outer_products(const pairs *k, size_t singles, size_t width, float *target,
                               size_t row) {
  for (size_t place = 0; place < width; place += MOST_VECTORS * KEEL_VECTOR) {
    size_t lanes = width - place, vectors = (lanes + KEEL_VECTOR - 1) / KEEL_VECTOR;
    for (size_t s = 0; s < singles;) {
      size_t rest = singles - s;
      s += MOST_VECTORS == 3 && vectors >= 3
               ? some_outer_products(rest, MOST_VECTORS, k, s, place, target, row, lanes)
           : vectors >= 2 ? some_outer_products(rest, 2, k, s, place, target, row, lanes)
                          : some_outer_products(rest, 1, k, s, place, target, row, lanes);
    }
  }
}
