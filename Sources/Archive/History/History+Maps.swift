import Foundation
import GRDB
import KeelAuthoring

extension History {
  /// Keeps a map of a recipe, in place of an older one over the same settings.
  /// - Throws: `KeelError` where the archive cannot be written.
  public func keep(_ map: StabilityMap, of recipe: Recipe) throws {
    let body = String(decoding: try JSONEncoder().encode(map), as: UTF8.self)
    try write { database in
      let number = try Self.number(ofRecipe: recipe.description, database)
      try database.execute(
        sql: "INSERT OR REPLACE INTO map(recipe, x, y, made, body) VALUES (?, ?, ?, ?, ?)",
        arguments: [number, map.x.path, map.y.path, Date().timeIntervalSince1970, body])
    }
  }

  /// The maps of a run's recipe, the newest first; none that another Keel has kept otherwise.
  /// - Throws: `KeelError` where the archive cannot be read.
  public func maps(of run: ArchivedRun) throws -> [StabilityMap] {
    try read {
      try String.fetchAll(
        $0, sql: "SELECT body FROM map WHERE recipe = ? ORDER BY made DESC", arguments: [run.recipe]
      )
    }.compactMap { try? JSONDecoder().decode(StabilityMap.self, from: Data($0.utf8)) }
  }
}
