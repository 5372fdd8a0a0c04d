"""Values that devices publish over MQTT: topics of SensorThings, or a device's own by mapping."""
