import CKernels

/// The one thing about matrix products that is not per call.
public enum MatrixProducts {
  /// Lets every product of this process use so many threads; the results are the same for the same
  /// number.
  public static func use(threads: Int) { keel_set_threads(Int32(threads)) }
}
