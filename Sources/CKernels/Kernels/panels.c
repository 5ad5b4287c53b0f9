// Products with one weight matrix, packed once and used many times: by every part of a batch, and
// in every step of a recurrence. A panel holds 32 columns of the weights, row after row.

/// A multiple of what a tile is wide, on every level.
enum { PANEL = 32 };

KEEL_KERNEL(size_t, keel_panel_floats, (size_t outputs, size_t depth), (outputs, depth)) {
  return (outputs + PANEL - 1) / PANEL * PANEL * depth;
}

KEEL_KERNEL(void, keel_pack_panels,
            (const float *weight, size_t rows, size_t columns, int transposed, float *panels),
            (weight, rows, columns, transposed, panels)) {
  size_t outputs = transposed ? rows : columns, depth = transposed ? columns : rows;
  size_t along = transposed ? columns : 1, down = transposed ? 1 : columns;
  for (size_t first = 0; first < outputs; first += PANEL) {
    size_t count = outputs - first < PANEL ? outputs - first : PANEL;
    for (size_t k = 0; k < depth; k++, panels += PANEL) {
      const float *from = weight + first * along + k * down;
      for (size_t j = 0; j < count; j++) panels[j] = from[j * along];
      for (size_t j = count; j < PANEL; j++) panels[j] = 0;
    }
  }
}

KEEL_KERNEL(size_t, keel_panel_place, (size_t row), (row)) { return row * PANEL; }

/// A product, cut along the panels: any way of cutting gives the same bits.
typedef struct {
  size_t rows, outputs, depth;
  const float *x;
  size_t x_row;
  const float *panels;
  size_t panel_rows;
  const float *bias;
  float *y;
  size_t y_row;
  int adds;
  /// Panels of a block.
  size_t share;
} panel_product;

enum {
  /// Multiply-adds that are worth a second thread: about 10 µs of one.
  LEAST_PANEL_WORK = 1 << 19,
};

static int multiply_panels(void *context, size_t index) {
  const panel_product *p = context;
  for (size_t panel = index * p->share; panel < (index + 1) * p->share; panel++) {
    size_t first = panel * PANEL;
    if (first >= p->outputs) break;
    tap whole = {0, p->panels + panel * PANEL * p->panel_rows};
    row_sums sums = {&whole, 1, p->depth, PANEL, p->bias ? p->bias + first : NULL, p->adds};
    size_t width = p->outputs - first < PANEL ? p->outputs - first : PANEL;
    sum_rows(&sums, p->rows, width, p->x, p->x_row, p->y + first, p->y_row);
  }
  return 1;
}

KEEL_KERNEL(void, keel_panel_product,
            (size_t rows, size_t outputs, size_t depth, const float *x, size_t x_row,
             const float *panels, size_t panel_rows, const float *bias, float *y, size_t y_row,
             int adds),
            (rows, outputs, depth, x, x_row, panels, panel_rows, bias, y, y_row, adds)) {
  size_t share = LEAST_PANEL_WORK / (rows * depth * PANEL + 1) + 1;
  panel_product p = {rows, outputs,    depth, x, x_row, panels,
                     panel_rows, bias, y,     y_row,    adds,  share};
  size_t count = (outputs + PANEL - 1) / PANEL;
  keel_parallel((count + share - 1) / share, multiply_panels, &p);
}
