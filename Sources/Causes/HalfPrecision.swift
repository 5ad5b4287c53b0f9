import KeelRecipes

/// Numbers of sixteen bits: float16 ends at 65,504, and what is below 6e-8 is zero.
///
/// **Definition** The program calculates in float16 or bfloat16. Float16 overflows on the way
/// forward where outputs pass 65,504; without a loss scale small gradients are zero on the way
/// back. Bfloat16 spans what float32 does, in steps of 1/128: a small update of a large weight is
/// none. The reset is float32. Only an engine's training has it so far.
///
/// **References** Micikevicius et al., *Mixed precision training*, 2018, §3.2; Kalamkar et al., *A
/// study of bfloat16 for deep learning training*, 2019.
public enum HalfPrecision: Cause {
  public static let name = "half-precision"
  public static let summary = "numbers of sixteen bits are too few for what is calculated"
  public static let isOfEngines = true

  public static func claims(_ setting: String, isAbove: Bool?) -> Bool {
    ["precision", "dtype", "fp16", "half", "amp"].contains(setting)
  }

  public static func deviation(in evidence: Evidence) -> Deviation? {
    switch evidence.recipe.ownModel?.precision {
    case nil, .float32: nil
    // Of all that an engine may tell nothing is as likely to overflow: its own experiment is first.
    case .float16:
      Deviation(
        quantity: "largest number of float16, beside float32's", value: 65504,
        reference: Double(Float.greatestFiniteMagnitude))
    case .bfloat16:
      Deviation(
        quantity: "spacing of bfloat16's numbers at 1, beside float32's", value: 0x1p-7,
        reference: 0x1p-23, decades: 1)
    }
  }

  public static func reset(_ evidence: Evidence) -> Recipe? {
    evidence.recipe.settingOwnModel { $0.precision = .float32 }
  }
}
