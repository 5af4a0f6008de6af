/** Every workflow type there is: the exported names are the types. */
export { conversation } from './conversation.workflow';
export { eraseUser } from './erase.workflow';
export { extractFacts } from './extraction.workflow';
export { importMessages } from './import.workflow';
export { maintenance } from './maintenance.workflow';
export { reindex } from './reindex.workflow';
export { sweep } from './sweep.workflow';
export { tiers } from './tiers.workflow';
