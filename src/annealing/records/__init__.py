"""What was used at each update, and why, as records; and files to keep them in."""

from annealing.records.files import CsvFile, JsonLinesFile, read_csv, read_json_lines
from annealing.records.record import Record, Writer, record_of
from annealing.records.tensorboard import TensorBoard

__all__ = ["CsvFile", "JsonLinesFile", "Record", "TensorBoard", "Writer", "read_csv", "read_json_lines", "record_of"]
