/// The norm of a layer's update over that of its parameters; about 1e-3 is usual.
public enum UpdateRatio: Probe {
  public static let name = "update-ratio"
  public static let summary = "norm of a layer's update over that of its parameters"
  public static func measure(_ layer: LayerMeasures) -> Float {
    layer.weightNorm == 0 ? 0 : Float(layer.updateNorm / layer.weightNorm)
  }
}
