import KeelLogs
import Testing

struct MetricNameTests {
  /// What Lightning, Hugging Face, Keras and programs of one's own call them.
  @Test(arguments: [
    (MetricName.loss, ["loss", "val_loss"], "loss"),
    (.loss, ["eval/loss", "train/loss", "train/epoch"], "train/loss"),
    (.loss, ["train_loss_epoch", "train_loss_step"], "train_loss_step"),
    (.loss, ["Loss", "loss"], "loss"),
    (.gradientNorm, ["train/grad_norm", "train/loss"], "train/grad_norm"),
    (.gradientNorm, ["grad_2.0_norm_total"], "grad_2.0_norm_total"),
    (.learningRate, ["lr-Adam", "loss"], "lr-Adam"),
    (.learningRate, ["train/learning_rate", "loss"], "train/learning_rate"),
  ])
  func known(_ metric: MetricName, _ logged: [String], _ name: String) {
    #expect(metric.match(in: logged) == name)
  }

  /// A loss of other rows is not the training's.
  @Test(arguments: [["val_loss"], ["eval/loss", "test.loss"], ["accuracy"], []])
  func unknown(_ logged: [String]) {
    #expect(MetricName.loss.match(in: logged) == nil)
  }
}
