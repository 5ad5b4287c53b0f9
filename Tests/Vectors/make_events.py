#!/usr/bin/env python3
"""The bytes that TensorBoard's own writer makes of two events, for EventFileTests; needs the
package tensorboard."""
import base64
import io

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter
buffer = io.BytesIO()
writer = RecordWriter(buffer)
writer.write(Event(wall_time=1700000000.5, file_version="brain.Event:2").SerializeToString())
writer.write(Event(wall_time=1700000001, step=300, summary=Summary(value=[
    Summary.Value(tag="loss", simple_value=1.5),
    Summary.Value(tag="dense-1/gradient-norm", simple_value=float("nan"))])).SerializeToString())
print(base64.b64encode(buffer.getvalue()).decode())
