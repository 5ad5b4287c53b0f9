import KeelNetworks

/// Normalisation of groups: layer norm's Jacobian, over the n numbers of a group.
///
/// **References** Wu and He, ECCV 2018; see `LayerNorm`.
extension GroupNorm: Propagating {
  package func propagate(in path: inout Propagation) {
    _ = path.name(Self.name)
    path.normalize(by: Self.name)
    path.centre()
    let size = path.shape.count / groups
    path.normalize(over: size, epsilon: epsilon, free: size - 1)
  }
}
