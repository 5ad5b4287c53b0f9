/// The article that goes with a name: `a dense layer`, `an embedding`.
func article(_ word: String) -> String {
  word.first.map { "aeiou".contains($0) } ?? false ? "an" : "a"
}
