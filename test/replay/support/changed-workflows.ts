import { sleep } from '@temporalio/workflow';
import * as today from '../../../workflows';
import type { ConversationInput } from '../../../workflows/conversation.contract';
import type { EraseInput, EraseResult } from '../../../workflows/erase.contract';
import type { ExtractionInput } from '../../../workflows/extraction.contract';
import type { ImportInput, ImportStanding } from '../../../workflows/import.contract';
import type { MaintenanceCounts, MaintenanceInput } from '../../../workflows/maintenance.contract';
import type { ReindexCounts, ReindexInput } from '../../../workflows/reindex.contract';
import type { SweepResult } from '../../../workflows/sweep.contract';
import type { TiersInput } from '../../../workflows/tiers.contract';

/** Today's workflows with one step more at the start: what no recorded history can be replayed on. */
export async function conversation(input: ConversationInput): Promise<void> {
  await sleep(1_000);
  return today.conversation(input);
}

export async function extractFacts(input: ExtractionInput): Promise<void> {
  await sleep(1_000);
  return today.extractFacts(input);
}

export async function sweep(): Promise<SweepResult> {
  await sleep(1_000);
  return today.sweep();
}

export async function importMessages(input: ImportInput): Promise<ImportStanding> {
  await sleep(1_000);
  return today.importMessages(input);
}

export async function maintenance(input: MaintenanceInput): Promise<MaintenanceCounts> {
  await sleep(1_000);
  return today.maintenance(input);
}

export async function eraseUser(input: EraseInput): Promise<EraseResult> {
  await sleep(1_000);
  return today.eraseUser(input);
}

export async function tiers(input: TiersInput): Promise<void> {
  await sleep(1_000);
  return today.tiers(input);
}

export async function reindex(input: ReindexInput): Promise<ReindexCounts> {
  await sleep(1_000);
  return today.reindex(input);
}
