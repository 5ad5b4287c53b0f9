import KeelDashboard
import Testing

/// What can be asked for, and nothing else.
struct RouteTests {
  @Test func whatThereIs() {
    #expect(Route("/") == .page(.runs))
    #expect(Route("/?token=ab12") == .entry(token: "ab12"))
    #expect(Route("/run?id=0123456789abcdef") == .page(.run("0123456789abcdef")))
    #expect(Route("/compare?run=0123&run=4567") == .page(.comparison(["0123", "4567"])))
    #expect(Route("/compare") == .page(.comparison([])))
    #expect(Route("/events") == .events(.runs))
    #expect(Route("/events?id=0123") == .events(.run("0123")))
    #expect(Route("/events?run=0123&run=4567") == .events(.comparison(["0123", "4567"])))
    #expect(Route("/style.css") == .style && Route("/live.js") == .script)
  }

  /// A page's own events are found again.
  @Test(arguments: [Route.Topic.runs, .run("abcd"), .comparison(["abcd", "ef01"])])
  func eventsAreOfThePage(_ topic: Route.Topic) {
    #expect(Route(topic.events) == .events(topic))
  }

  @Test(arguments: [
    "", "*", "//", "/..", "/../", "/../../etc/passwd", "/%2e%2e/", "/%00", "/\0", "//style.css",
    "/style.css/", "/style.css?a=b", "/./", "/run", "/run?", "/run?id=", "/run?id=xyz1",
    "/run?id=../etc", "/run?id=0123456789abcdef0", "/run?id=0123&id=4567", "/run?name=0123",
    "/compare?run=", "/compare?id=0123", "/compare?run=0123&x=1", "/events?run=%20", "/?token",
    "/?token=a&token=b", "/?token=a%62", "/?x=1", "http://localhost/", "/index.html",
    "/RUN?id=0123",
    "/?token=é", "/run?id=０１２３", "/.keel/keel.sqlite", "/favicon.ico",
  ]) func nothingElseIsThere(_ uri: String) { #expect(Route(uri) == nil) }

  @Test func aQueryHasAnEnd() {
    let many = (0..<257).map { _ in "run=0123" }.joined(separator: "&")
    #expect(Route("/compare?\(many)") == nil)
  }
}
