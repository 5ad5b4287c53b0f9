import KeelCauses
import KeelTraining

/// Entries of a search that belong together: one combination of remedies in its strengths, which
/// are measured when their turn comes.
struct Bracket {
  let entries: () -> [[any Remedy]]
}
