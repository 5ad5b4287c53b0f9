extension NeuralNetwork {
  /// Writes the network as safetensors: parameters under their names, what it takes to predict
  /// with them in the metadata.
  ///
  /// `CheckpointFile.read` and `keel predict` take it from there.
  /// - Throws: `KeelError` of kind `.unwritable`; an older file is untouched then.
  public func save(to path: String) throws {
    try CheckpointFile.write(Checkpoint(self), to: path)
  }
}
