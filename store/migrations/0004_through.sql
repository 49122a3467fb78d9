-- Sessions of people end with the application's session that they came through.
CREATE INDEX sessions_through ON sessions (through) WHERE ended IS NULL AND through IS NOT NULL;
