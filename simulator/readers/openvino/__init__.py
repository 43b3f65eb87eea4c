"""The reader of OpenVINO's intermediate representation (IR)."""
