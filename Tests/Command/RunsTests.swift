import Foundation
import Testing

/// Runs on the command line: listed, compared, exported, explained, shown and forgotten.
struct RunsTests {
  private let tool: Tool

  init() throws {
    tool = try Tool()
    try tool.write("sound.yaml", Sample.healthy)
    try tool.write("sick.yaml", Sample.exploding)
  }

  private func ids(_ options: String...) throws -> [String] {
    let list = try tool.run(["runs", "--json"] + options).json
    let runs = try #require(list["runs"] as? [[String: Any]])
    return runs.compactMap { $0["run"] as? String }
  }

  @Test func everyVerbLeavesARun() throws {
    for (verb, file) in [
      ("train", "sound"), ("forecast", "sick"), ("diagnose", "sick"), ("cure", "sick"),
    ] {
      _ = try tool.run(verb, "\(file).yaml", "--quiet")
    }
    let list = try tool.run("runs")
    #expect(list.code == 0 && list.err == "")
    let words = list.out.split(separator: "\n").dropFirst().map(String.init)
    for word in ["train ", "forecast ", "diagnose ", "cure ", "healthy", "exploding", "cured"] {
      #expect(words.contains { $0.contains(word) }, "\(word)")
    }
    let cures = try tool.run("runs", "--kind", "cure", "--json").json["runs"] as? [[String: Any]]
    #expect(cures?.count == 1 && cures?.first?["outcome"] as? String == "cured")
    #expect(try tool.run("runs", "--limit", "1").out.contains("3 more"))
  }

  @Test func twoAreCompared() throws {
    _ = try tool.run("train", "sound.yaml")
    _ = try tool.run("train", "sound.yaml", "--set", "seed=5")
    let ids = try ids()
    let page = try tool.run("runs", "compare", ids[1], ids[0])
    #expect(page.code == 0 && page.out.contains("- seed: ") && page.out.contains("+ seed: 5"))
    #expect(try tool.run("runs", "compare", ids[0], ids[0]).out.contains("are the same"))
  }

  /// A training beside its cure: what was changed.
  @Test func aCureIsComparedAsItWasCured() throws {
    _ = try tool.run("train", "sick.yaml")
    _ = try tool.run("cure", "sick.yaml")
    let ids = try ids()
    let page = try tool.run("runs", "compare", ids[1], ids[0]).out
    #expect(page.contains("learning-rate") && !page.contains("are the same"))
  }

  /// What diagnosed it then says the same now, without training it again.
  @Test func whatIsOnRecordIsExplained() throws {
    #expect(try tool.run("train", "sick.yaml").code == 1)
    let fresh = try tool.run("diagnose", "sick.yaml", "--json")
    for id in try ids() {
      let again = try tool.run("diagnose", String(id.prefix(8)), "--json")
      #expect(again.code == 1)
      let causes = { (result: Tool.Result) throws in
        (try result.json["findings"] as? [[String: Any]])?.compactMap { $0["cause"] as? String }
      }
      #expect(try causes(again) == causes(fresh))
    }
    // What was found out so is kept as well.
    #expect(try tool.run("runs", "--kind", "diagnose").out.contains("large-learning-rate"))
    #expect(try ids().count == 3)
  }

  @Test func aRunIsShown() throws {
    let trained = try tool.run("train", "sick.yaml")
    let id = try #require(try ids().first)
    #expect(trained.out.contains("keel report \(id.prefix(8))"))
    let page = try tool.run("report", String(id.prefix(6)), "-o", "r.html")
    #expect(page.code == 0 && page.out.contains("r.html is written"))
    #expect(try tool.read("r.html").contains("Gradient norm by layer and step"))
    // A recipe is cured for it, and kept.
    #expect(try tool.run("report", "sick.yaml", "-o", "s.html", "--archive", "none").code == 0)
    #expect(try tool.read("s.html").contains("✓ cured"))
    #expect(try ids() == [id])
    // A report takes the place of a report, and of nothing else.
    #expect(try tool.run("report", id, "-o", "r.html").code == 0)
    #expect(try tool.run("report", "sick.yaml", "-o", "sick.yaml").code == 64)
    try tool.write("index.html", "<!doctype html><title>mine</title>")
    #expect(try tool.run("report", id, "-o", "index.html").code == 64)
    #expect(try tool.run("report", id, "-o", "sick.yaml").code == 64)
    #expect(try tool.run("cure", "sick.yaml", "--report", "sound.yaml").code == 64)
    #expect(try tool.read("sick.yaml") == Sample.exploding)
  }

  /// A training that was taken up again goes on from the one that was stopped.
  @Test func aResumedRunHasAParent() throws {
    _ = try tool.run("train", "sound.yaml", "--save", "model")
    _ = try tool.run("train", "sound.yaml", "--set", "training.epochs=30", "--resume", "./model")
    let runs = try #require(try tool.run("runs", "--json").json["runs"] as? [[String: Any]])
    #expect(runs.count == 2 && runs[1]["parent"] is NSNull)
    #expect(runs[0]["parent"] as? String == runs[1]["run"] as? String)
    #expect((runs[0]["model"] as? String)?.hasSuffix("/model") == true)
  }

  @Test func aCureShowsItselfIfAsked() throws {
    let cure = try tool.run("cure", "sick.yaml", "--report", "r.html")
    #expect(cure.code == 0 && cure.out.hasSuffix("report  r.html: open it in a browser\n"))
    #expect(try tool.read("r.html").contains("Trials of the search"))
  }

  @Test func numbersAreExported() throws {
    _ = try tool.run("train", "sound.yaml")
    let id = try #require(try ids().first)
    let csv = try tool.run("runs", "export", id)
    #expect(csv.out.hasPrefix("segment,step,loss,gradient-norm,clipped-norm,learning-rate,"))
    #expect(try tool.run("runs", "export", id, "--as", "tensorboard", "-o", "events").code == 0)
    let folder = "\(tool.folder)/events/sound-\(id.prefix(8))"
    let files = try FileManager.default.contentsOfDirectory(atPath: folder)
    #expect(files.count == 1 && files[0].hasPrefix("events.out.tfevents."))
    #expect(try tool.run("runs", "export", id, "--as", "tensorboard").code == 64)
    #expect(try tool.run("runs", "export", id, "-o", "none/there.csv").code == 74)
  }

  /// What is dear is looked at in some steps, and kept with the rest.
  @Test func whatIsSampledIsKept() throws {
    let training = try tool.run(
      "train", "sound.yaml", "--set", "training.epochs=400", "--monitor-budget", "50%", "--json",
      "--tensorboard", "tb")
    let samples = try #require(training.json["samples"] as? [[String: Any]])
    // Of the whole it comes first.
    #expect(samples.first?["name"] as? String == "sharpness")
    let count = try #require(samples.first?["count"] as? Int)
    let id = try #require(try ids().first)
    let lines = try tool.run("runs", "export", id).out.split(separator: "\n")
    let titles = try #require(lines.first).split(separator: ",")
    let column = try #require(titles.firstIndex(of: "sharpness"))
    let kept = lines.dropFirst().filter {
      !$0.split(separator: ",", omittingEmptySubsequences: false)[column].isEmpty
    }
    #expect(kept.count == count && count > 0)
    #expect(try tool.run("report", id, "-o", "report.html").code == 0)
    let page = try String(contentsOfFile: "\(tool.folder)/report.html", encoding: .utf8)
    #expect(page.contains("<h2>Sampled</h2>") && page.contains("sharpness: "))
    #expect(try tool.run("train", "sound.yaml", "--json").json["samples"] is NSNull)
    for share in ["2", "0%", "101%", "x%"] {
      #expect(try tool.run("train", "sound.yaml", "--monitor-budget", share).code == 64)
    }
  }

  /// What failed and what it became, from its first step on; the answer for machines names the run.
  @Test func aCureIsKeptWhole() throws {
    let cure = try tool.run("cure", "sick.yaml", "--json").json
    let id = try #require(cure["run"] as? String)
    let after = try #require(cure["after"] as? [String: Any])
    let lines = try tool.run("runs", "export", id).out.split(separator: "\n").dropFirst()
    let segments = Dictionary(grouping: lines) { $0.prefix { $0 != "," } }
    let cured = try #require(segments.max { $0.key < $1.key }).value
    #expect(segments.count == 2 && cured.count == after["steps"] as? Int)
    #expect(cured.first?.hasPrefix("1,0,") == true)
    #expect(try tool.run("runs", "export", id, "--as", "tensorboard", "-o", "tb").code == 0)
    let parts = try FileManager.default.contentsOfDirectory(
      atPath: "\(tool.folder)/tb/sick-\(id.prefix(8))")
    #expect(parts.sorted() == ["before", "cured"])
    // A diagnosis has no steps where the training is another's.
    _ = try tool.run("train", "sick.yaml")
    let training = try #require(try ids("--kind", "train").first)
    _ = try tool.run("diagnose", training)
    let diagnosis = try #require(try ids("--kind", "diagnose").first)
    #expect(try tool.run("runs", "export", diagnosis).code == 65)
  }

  @Test func runsAreForgottenAndTakenOver() throws {
    _ = try tool.run("train", "sound.yaml", "--archive", "other.sqlite")
    _ = try tool.run("train", "sound.yaml")
    #expect(try tool.run("runs", "merge", "other.sqlite").out.hasPrefix("1 run taken over"))
    let both = try ids()
    #expect(both.count == 2)
    #expect(try tool.run("runs", "delete", both[0]).out.hasPrefix("1 run forgotten"))
    #expect(try tool.run("runs", "prune", "--older-than", "1d").out.hasPrefix("0 runs"))
    // Asked, and named; and still there.
    let asked = try tool.run("runs", "prune", "--to", "0B", "--dry-run").out
    #expect(asked.hasPrefix("1 run would be forgotten") && asked.contains(both[1].prefix(8)))
    #expect(try ids() == [both[1]])
    #expect(try tool.run("runs", "prune", "--to", "0B").out.hasPrefix("1 run forgotten"))
    #expect(try tool.run("runs").out == "no runs\n")
    #expect(try tool.run("runs", "prune").code == 64)
    #expect(try tool.run("runs", "prune", "--older-than", "soon").code == 64)
    #expect(try tool.run("runs", "prune", "--older-than", "2m").code == 64)
  }

  /// What is not there, and what is none.
  @Test func mistakesAreTold() throws {
    #expect(try tool.run("runs").code == 66)
    _ = try tool.run("train", "sound.yaml")
    #expect(try tool.run("runs", "compare", "feed", "feed").code == 66)
    #expect(try tool.run("report", "feedfeed").code == 66)
    #expect(try tool.run("runs", "--archive", "none").code == 64)
    let banana = try tool.run("runs", "--outcome", "banana")
    #expect(banana.code == 64 && banana.err.contains("exploding"))
    try tool.write("noise.sqlite", String(repeating: "noise ", count: 999))
    let noise = try tool.run("runs", "--archive", "noise.sqlite", "--json")
    #expect(noise.code == 65)
    #expect((try noise.json["error"] as? [String: Any])?["where"] as? String == "noise.sqlite")
    // One that was asked for and cannot be used ends the command; one that was not is told.
    #expect(try tool.run("train", "sound.yaml", "--archive", "noise.sqlite").code == 65)
    #expect(try tool.run("train", "sound.yaml", "--archive", "none").err == "")
  }
}
