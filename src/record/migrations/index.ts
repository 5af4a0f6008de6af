import * as initial from './0001-initial';
import * as participants from './0002-participants';
import * as imports from './0003-imports';
import * as readings from './0004-readings';
import * as tiers from './0005-tiers';
import * as facts from './0006-facts';
import * as apiKeys from './0007-api-keys';
import * as erasures from './0008-erasures';
import * as readingsGuards from './0012-readings-guards';
import * as tiersGuard from './0013-tiers-guard';
import * as upkeep from './0014-upkeep';
import * as memoriesById from './0018-memories-by-id';
import * as importChunks from './0019-import-chunks';
import * as injectedSummaries from './0020-injected-summaries';
import * as tierMarks from './0015-tier-marks';
import * as tellings from './0022-tellings';
import * as toldPersonas from './0024-told-personas';
import * as activePersonas from './0025-active-personas';
import * as acceptRequests from './0026-accept-requests';
import * as saveEpisodes from './0027-save-episodes';
import * as cutEpisodes from './0028-cut-episodes';

export interface Migration {
  version: number;
  name: string;
  sql: string;
}

/**
 * In order; a migration that was released is never edited. Processes of the release before still serve while one runs:
 * it only adds (index.test.ts).
 */
export const MIGRATIONS: readonly Migration[] = [
  initial,
  participants,
  imports,
  readings,
  tiers,
  facts,
  apiKeys,
  erasures,
  readingsGuards,
  tiersGuard,
  upkeep,
  tierMarks,
  memoriesById,
  importChunks,
  injectedSummaries,
  tellings,
  toldPersonas,
  activePersonas,
  acceptRequests,
  saveEpisodes,
  cutEpisodes,
];
