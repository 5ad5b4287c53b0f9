import CKernels

/// The one thing about matrix products that is not per call.
public enum MatrixProducts {
  /// Lets every product of this process use so many threads.
  ///
  /// The results are the same bit for bit whatever their number, except on Apple's systems, where
  /// Accelerate decides.
  public static func use(threads: Int) { keel_set_threads(Int32(threads)) }

  /// What multiplies them, in its own words: OpenBLAS with its version and options, or Accelerate.
  public static var library: String { String(cString: keel_blas_name()) }
}
