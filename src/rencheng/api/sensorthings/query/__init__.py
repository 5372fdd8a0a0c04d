"""The query language of SensorThings 1.1: read, evaluated, answered."""
