import KeelEngine
