import Foundation
import KeelEngine

/// Words as C takes them: with a NULL at their end, for as long as `body` runs.
func withCStrings<Value>(
  _ words: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Value
) -> Value {
  let copies = words.map { strdup($0) } + [nil]
  defer { for copy in copies { free(copy) } }
  return copies.withUnsafeBufferPointer {
    body($0.baseAddress.required("there is a NULL at the end"))
  }
}
