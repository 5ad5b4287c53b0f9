/// The norm of the gradient of a layer's parameters, before clipping.
public enum GradientNorm: Probe {
  public static let name = "gradient-norm"
  public static let summary = "norm of the gradient of a layer's parameters, before clipping"
  public static func measure(_ layer: LayerMeasures) -> Float { Float(layer.gradientNorm) }
}
