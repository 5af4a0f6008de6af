/** An environment in which a stack starts servers of its own, and not those that other tests share. */
export function ownServers(): NodeJS.ProcessEnv {
  const env = { ...process.env };
  for (const name of ['DATABASE_URL', 'TEMPORAL_ADDRESS', 'TEMPORAL_UI_URL', 'WEAVIATE_URL', 'WEAVIATE_GRPC'])
    delete env[name];
  return env;
}
