// Products of two large matrices, each used once. Both are packed into the order in which tiles of
// outer products (tiles.c) read them: the left one as a whole, in strips of a few rows; the right
// one by panels of a few vectors, each by the thread that multiplies with it, into its own cache.

enum {
  /// Rows of a strip, and a multiple of them on every level.
  STRIP = MOST_SINGLES,
  STRIPS = 24,
  /// Columns of a panel: as many lines of a cache as a tile has vectors.
  WIDTH = 16 * MOST_VECTORS,
  /// Depth of a panel: 64 to 96 kB, which stay in the second cache.
  DEPTH = 512,
  /// Numbers of a matrix that lies beyond the second cache, and is worth fetching ahead.
  FAR = 1 << 18,
  /// Multiply-adds, and the least extent, from where on packing pays.
  LEAST_PRODUCT = 1 << 20,
  LEAST_EXTENT = 16,
  /// Multiply-adds, and numbers to pack, that are worth a second thread: about 10 µs of one.
  LEAST_PRODUCT_SHARE = 1 << 19,
  LEAST_STRIP_SHARE = 1 << 15,
  /// Pieces of work that keep every thread busy to the end.
  MOST_PIECES = 16,
};

typedef float quad __attribute__((vector_size(16), aligned(4)));

/// to[j · width + i] = from[i · row + j], i and j below 4.
KEEL_INLINE void transpose_quads(const float *from, size_t row, float *to, const size_t width) {
  quad x[4], halves[4];
  KEEL_UNROLL for (size_t i = 0; i < 4; i++) memcpy(&x[i], from + i * row, sizeof x[i]);
  KEEL_UNROLL for (size_t i = 0; i < 4; i += 2) {
    halves[i] = __builtin_shufflevector(x[i], x[i + 1], 0, 4, 1, 5);
    halves[i + 1] = __builtin_shufflevector(x[i], x[i + 1], 2, 6, 3, 7);
  }
  KEEL_UNROLL for (size_t i = 0; i < 2; i++) {
    quad even = __builtin_shufflevector(halves[i], halves[i + 2], 0, 1, 4, 5);
    quad odd = __builtin_shufflevector(halves[i], halves[i + 2], 2, 3, 6, 7);
    memcpy(to + 2 * i * width, &even, sizeof even);
    memcpy(to + (2 * i + 1) * width, &odd, sizeof odd);
  }
}

/// to[d · width + i] = from[i · along + d · down]; 0 from `count` to the width.
KEEL_INLINE void pack(const float *from, size_t along, size_t down, size_t count, size_t depth,
                      const size_t width, float *to) {
  enum { RUN = 16 };
  if (along == 1 && count == width) {
    for (size_t d = 0; d < depth; d++) {
      memcpy(to + d * width, from + d * down, width * sizeof *to);
    }
    return;
  }
  size_t whole = down == 1 ? count / 4 * 4 : 0, runs = whole ? depth / RUN * RUN : 0;
  for (size_t first = 0; first < runs; first += RUN) {
    for (size_t i = 0; i < whole; i += 4) {
      for (size_t d = first; d < first + RUN; d += 4) {
        transpose_quads(from + i * along + d, along, to + d * width + i, width);
      }
    }
  }
  for (size_t d = 0; d < depth; d++) {
    size_t first = d < runs ? whole : 0;
    for (size_t i = first; i < count; i++) to[d * width + i] = from[i * along + d * down];
    for (size_t i = count; i < width; i++) to[d * width + i] = 0;
  }
}

/// Strips of a left matrix whose columns lie together: several at a time, for a line of the cache
/// holds more than one strip.
static void pack_columns(const keel_product *p, size_t first, size_t count, float *room) {
  enum { TOGETHER = 48 / STRIP, RUN = 8 };
  const float *from = p->a + first * STRIP;
  float *to = room + first * STRIP * p->depth;
  for (size_t s = 0; s < count; s += TOGETHER) {
    size_t end = count - s < TOGETHER ? count : s + TOGETHER;
    for (size_t run = 0; run < p->depth; run += RUN) {
      size_t stop = p->depth - run < RUN ? p->depth : run + RUN;
      for (size_t d = run; d < stop; d++) {
        for (size_t strip = s; strip < end; strip++) {
          memcpy(to + (strip * p->depth + d) * STRIP, from + d * p->a_depth + strip * STRIP,
                 STRIP * sizeof *to);
        }
      }
    }
  }
}

/// A product, cut into pieces.
typedef struct {
  const keel_product *p;
  float *room;
  /// Strips of a piece to pack, panels of a piece to multiply, and strips of one.
  size_t packs, panels, strips;
  size_t panel_pieces;
} cut_product;

static int pack_strips(void *context, size_t index) {
  const cut_product *c = context;
  const keel_product *p = c->p;
  size_t first = index * c->packs, whole = p->rows / STRIP;
  size_t end = first + c->packs;
  if (p->a_row == 1 && first < whole) {
    pack_columns(p, first, (end < whole ? end : whole) - first, c->room);
    first = end < whole ? end : whole;
  }
  for (size_t strip = first; strip < end && strip * STRIP < p->rows; strip++) {
    size_t rest = p->rows - strip * STRIP;
    pack(p->a + strip * STRIP * p->a_row, p->a_row, p->a_depth, rest < STRIP ? rest : STRIP,
         p->depth, STRIP, c->room + strip * STRIP * p->depth);
  }
  return 1;
}

/// Part of a panel, from one depth to another.
typedef struct {
  size_t column, width, depth, count;
} panel_part;

KEEL_INLINE panel_part part_at(const keel_product *p, size_t panel, size_t depth) {
  size_t column = panel * WIDTH, columns = p->columns - column, rest = p->depth - depth;
  return (panel_part){column, columns < WIDTH ? columns : WIDTH, depth,
                      rest < DEPTH ? rest : DEPTH};
}

/// Asks for some of the lines that the next part is packed from: those of one in `of` shares.
KEEL_INLINE void fetch(const keel_product *p, panel_part next, size_t share, size_t of) {
  enum { LINE = 16 };
  size_t isWide = p->b_column == 1;
  size_t runs = isWide ? next.count : next.width, run = isWide ? next.width : next.count;
  size_t step = isWide ? p->b_depth : p->b_column;
  const float *from = p->b + next.column * p->b_column + next.depth * p->b_depth;
  for (size_t r = runs * share / of; r < runs * (share + 1) / of; r++) {
    for (size_t at = 0; at < run; at += LINE) __builtin_prefetch(from + r * step + at, 0, 2);
  }
}

static int multiply_piece(void *context, size_t index) {
  const cut_product *c = context;
  const keel_product *p = c->p;
  size_t first = index / c->panel_pieces * c->strips, strips = (p->rows + STRIP - 1) / STRIP;
  size_t end = strips - first < c->strips ? strips : first + c->strips;
  size_t panel = index % c->panel_pieces * c->panels, count = (p->columns + WIDTH - 1) / WIDTH;
  size_t last = count - panel < c->panels ? count : panel + c->panels;
  int isFar = p->columns * p->depth > FAR;
  _Alignas(64) float numbers[WIDTH * DEPTH];
  for (; panel < last; panel++) {
    for (size_t depth = 0; depth < p->depth; depth += DEPTH) {
      panel_part part = part_at(p, panel, depth);
      pack(p->b + part.column * p->b_column + depth * p->b_depth, p->b_column, p->b_depth,
           part.width, part.count, WIDTH, numbers);
      size_t then = depth + part.count < p->depth ? depth + part.count : 0;
      panel_part next = part_at(p, then ? panel : panel + 1 < count ? panel + 1 : panel, then);
      for (size_t strip = first; strip < end; strip++) {
        if (isFar) fetch(p, next, strip - first, end - first);
        size_t row = strip * STRIP, rest = p->rows - row;
        const float *bias = depth == 0 && p->bias ? p->bias + part.column : NULL;
        pairs k = {1,      part.count, c->room + row * p->depth + depth * STRIP, 0, STRIP,
                   numbers, 0,         WIDTH, depth == 0 && !p->adds, bias};
        sum_outer_products(&k, rest < STRIP ? rest : STRIP, part.width,
                           p->c + row * p->c_row + part.column, p->c_row);
      }
    }
  }
  return 1;
}

KEEL_KERNEL(size_t, keel_product_room, (size_t rows, size_t columns, size_t depth),
            (rows, columns, depth)) {
#if defined(__x86_64__) && !defined(__APPLE__)
  size_t least = rows < columns ? rows : columns;
  if (depth < least) least = depth;
  if (least < LEAST_EXTENT || rows * columns < LEAST_PRODUCT / depth) return 0;
  return (rows + STRIPS - 1) / STRIPS * STRIPS * depth;
#else
  (void)rows, (void)columns, (void)depth;
  return 0;
#endif
}

KEEL_KERNEL(void, keel_multiply_packed, (const keel_product *p, float *room), (p, room)) {
  size_t strips = (p->rows + STRIP - 1) / STRIP, panels = (p->columns + WIDTH - 1) / WIDTH;
  cut_product c = {.p = p, .room = room, .strips = strips};
  c.packs = LEAST_STRIP_SHARE / (STRIP * p->depth) + 1;
  c.panels = LEAST_PRODUCT_SHARE / (WIDTH * p->rows * p->depth) + 1;
  c.panel_pieces = (panels + c.panels - 1) / c.panels;
  // Few panels are cut along their rows, too: each piece packs its own.
  size_t pieces = keel_is_in_block() ? 1 : MOST_PIECES / c.panel_pieces;
  size_t least = LEAST_PRODUCT_SHARE / (STRIP * WIDTH * c.panels * p->depth) + 1;
  if (pieces > 1) c.strips = (strips + pieces - 1) / pieces;
  if (c.strips < least) c.strips = least;
  keel_parallel((strips + c.packs - 1) / c.packs, pack_strips, &c);
  keel_parallel((strips + c.strips - 1) / c.strips * c.panel_pieces, multiply_piece, &c);
}
