/// What single operations of somebody else's training were seen to meet: what the norms of layers
/// do not tell.
package struct Operations: Hashable, Sendable {
  /// The largest argument of an exponential.
  package var exponent: Peak?
  /// The largest score of attention, of either sign, before its softmax.
  package var attentionLogits: Peak?

  /// The largest of its kind, and the module it was in.
  package struct Peak: Hashable, Sendable {
    package let value: Double
    package let place: String

    package init(value: Double, place: String) { (self.value, self.place) = (value, place) }
  }

  package init(exponent: Peak? = nil, attentionLogits: Peak? = nil) {
    (self.exponent, self.attentionLogits) = (exponent, attentionLogits)
  }
}
