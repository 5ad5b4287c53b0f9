import CKernels

/// What the arithmetic of this process runs on: threads for products and for all else that is
/// shared, and the library that multiplies.
public enum MatrixProducts {
  /// Lets products, parts of a batch and whatever else is cut use so many threads in all.
  ///
  /// The results are the same bit for bit whatever their number, except on Apple's systems, where
  /// Accelerate decides.
  public static func use(threads: Int) { keel_set_threads(Int32(threads)) }

  /// What multiplies them, in its own words: OpenBLAS with its version and options, or Accelerate.
  public static var library: String { String(cString: keel_blas_name()) }
}
