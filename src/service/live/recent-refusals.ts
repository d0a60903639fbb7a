/** The recent refusals of all nodes, as far as an account may see them. */
import type { Answers, Cluster, QuestionKind } from '../../cluster/cluster.ts'
import { type Soon, andThen } from '../../core/soon.ts'
import type { FailureName } from '../../failure.ts'
import type { Account } from '../accounts/accounts.ts'
import type { AppService } from '../apps/apps.ts'
import { parseKeyName } from '../apps/key-name.ts'
import type { LiveService } from './live.ts'
import { missingIn } from './live-merging.ts'

/** Refusals that are alike, counted. */
export interface RefusalSummary {
  readonly reason: FailureName
  readonly message: string
  /** Milliseconds since the epoch: of the first of these, and of the last. */
  readonly first: number
  readonly last: number
  readonly count: number
  /** The same fields as in the log: never a key, a query string or a message. */
  readonly detail: Readonly<Record<string, unknown>>
}

/** Those of a node, the newest first. */
export const REFUSALS: QuestionKind<null, readonly RefusalSummary[]> = { name: 'recent refusals' }

export interface RefusalsFound {
  /** The newest first. */
  readonly items: readonly RefusalSummary[]
  /** Names of nodes that did not answer. */
  readonly missing: readonly string[]
}

export interface RefusalParts {
  readonly cluster: Cluster
  readonly live: LiveService
  readonly apps: AppService
}

export class RefusalService {
  readonly #parts: RefusalParts

  constructor(parts: RefusalParts) {
    this.#parts = parts
  }

  /** Refusals that concern an account: on its channels, of its apps. The server's own account (undefined) sees all. */
  recent(account: Account | undefined): Soon<RefusalsFound> {
    return andThen(this.#parts.cluster.ask(REFUSALS, null), (answers) => ({
      items: visibleRefusals(merged(answers), account, this.#parts),
      missing: missingIn(answers),
    }))
  }
}

function merged({ given }: Answers<readonly RefusalSummary[]>): readonly RefusalSummary[] {
  const [only] = given
  if (only && given.length === 1) return only.value
  return given.flatMap(({ value }) => value).toSorted((a, b) => b.last - a.last)
}

function visibleRefusals(
  refusals: readonly RefusalSummary[],
  account: Account | undefined,
  { apps, live }: RefusalParts,
): readonly RefusalSummary[] {
  if (account === undefined) return refusals
  const own = new Set(apps.list(account).map(({ id }) => id))
  return refusals.filter(({ detail: { app, channel, key } }) => {
    const appId = app ?? (typeof key === 'string' ? parseKeyName(key).appId : undefined)
    if (typeof appId === 'string') return own.has(appId)
    return typeof channel === 'string' && live.ownerOf(channel) === account.id
  })
}
