import KeelNetworks
import KeelSettings

// How deep a network is, and the same network with fewer layers.

extension Recipe {
  /// The same recipe with less of what it repeats, until no more than `depth` layers with weights
  /// stand in a row; nil where nothing that is repeated can be left out.
  ///
  /// A repetition is a `repeat`, or the same layers written one after the other: where they keep
  /// the shape, what follows does not see that one is missing. Only what makes a chain shorter is
  /// left out: neither layers with a path around them nor what stands beside a chain that is short
  /// enough.
  public func shortened(to depth: Int) -> Recipe? {
    var recipe = self
    var excess = recipe.model.excess(over: depth)
    while excess > 0 {
      guard
        let shorter = recipe.model.first(ofShorter: { $0.excess(over: depth) < excess })
      else { return nil }
      recipe.model = shorter
      excess = shorter.excess(over: depth)
    }
    return recipe
  }

  /// The same recipe with less of what it repeats, one time after the other of what is repeated
  /// most often, until it is as wanted; nil where it never is.
  /// - Parameter isWanted: true of every recipe with fewer layers than one of which it is true.
  package func shortened(until isWanted: (Recipe) -> Bool) -> Recipe? {
    var shorter = [self]
    while let next = shorter.last?.withOneLess { shorter.append(next) }
    // The first that is short enough, by bisection.
    var (low, high) = (0, shorter.count)
    while low < high {
      let middle = (low + high) / 2
      if isWanted(shorter[middle]) { high = middle } else { low = middle + 1 }
    }
    return low < shorter.count ? shorter[low] : nil
  }

  /// Without one time of what is repeated most often; nil where nothing is repeated.
  private var withOneLess: Recipe? {
    let blocks = model.indices.compactMap { index in
      (model[index].ingredient as? Repeat).map { (index: index, block: $0) }
    }
    guard
      var longest = blocks.filter({ $0.block.times > 1 }).max(by: {
        $0.block.times < $1.block.times
      })
    else { return nil }
    longest.block.times -= 1
    var recipe = self
    recipe.model[longest.index] = Choice(longest.block)
    return recipe
  }
}

extension [Choice<Layers>] {
  /// Layers with weights in a row, the most there are.
  package var longestChain: Int { chains.max() ?? 0 }

  /// By how many layers the chains are too long, all together.
  fileprivate func excess(over depth: Int) -> Int {
    chains.reduce(0) { $0 + Swift.max(0, $1 - depth) }
  }

  /// How many layers with weights stand in each row, in order.
  ///
  /// A residual block counts as nothing, a normalisation begins anew.
  private var chains: [Int] {
    var (done, current) = ([Int](), 0)
    func end() {
      done.append(current)
      current = 0
    }
    func walk(_ layers: [Choice<Layers>]) {
      for layer in layers {
        switch layer.ingredient {
        case let block as Repeat: for _ in 0..<block.times { walk(block.layers) }
        case is Residual: end()
        case let layer as any Layer where layer.isNormalization: end()
        case is any Weighted, is Attention: current += 1
        default: break
        }
      }
    }
    walk(self)
    return done + [current]
  }

  /// The first of the layers with one repetition less that will do: a `repeat`, of more times
  /// before of fewer; then one within a `repeat`; then layers written out, the shorter group first.
  fileprivate func first(ofShorter willDo: ([Choice<Layers>]) -> Bool) -> [Choice<Layers>]? {
    let blocks = indices.compactMap { index in
      (self[index].ingredient as? Repeat).map { (index, $0) }
    }.sorted { $0.1.times > $1.1.times }
    for (index, block) in blocks where block.times > 1 {
      let shorter = replacing(index, in: block) { $0.times -= 1 }
      if willDo(shorter) { return shorter }
    }
    for (index, block) in blocks {
      let inner = block.layers.first(ofShorter: { layers in
        willDo(replacing(index, in: block) { $0.layers = layers })
      })
      if let inner { return replacing(index, in: block) { $0.layers = inner } }
    }
    return firstWithoutRepetition(willDo)
  }

  private func replacing(
    _ index: Int, in block: Repeat, _ change: (inout Repeat) -> Void
  ) -> [Choice<Layers>] {
    var (layers, block) = (self, block)
    change(&block)
    layers[index] = Choice(block)
    return layers
  }

  /// Layers written out twice, the second time left out; how weights begin does not count.
  private func firstWithoutRepetition(
    _ willDo: ([Choice<Layers>]) -> Bool
  ) -> [Choice<Layers>]? {
    let alike = map(\.withoutInitializer)
    // A group begins with a layer that has weights, and ends before the next.
    let starts = indices.filter { self[$0].ingredient is any Weighted }
    for period in 1...Swift.max(1, starts.count / 2) {
      for last in starts.indices.reversed() where last >= period {
        let (first, second) = (starts[last - period], starts[last])
        let length = second - first
        guard second + length <= count,
          alike[first..<second] == alike[second..<second + length]
        else { continue }
        let shorter = Array(self[..<second] + self[(second + length)...])
        if willDo(shorter) { return shorter }
      }
    }
    return nil
  }
}

extension Choice where F == Layers {
  fileprivate var withoutInitializer: Choice {
    guard var layer = ingredient as? any Weighted else { return self }
    layer.initializer = .init()
    return Choice(layer)
  }
}
