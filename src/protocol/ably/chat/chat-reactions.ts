/** Reactions to chat messages, which are annotations of three types. */
import type { AnnotationDraft, JsonText } from '../../../core/types.ts'
import { type Result, fail } from '../../../failure.ts'
import { readAnnotations } from '../wire/annotation-reader.ts'
import type { MessageLimits } from '../wire/members.ts'

const KINDS = ['unique', 'distinct', 'multiple'] as const

type Kind = (typeof KINDS)[number]
type Counted = Readonly<Record<string, unknown>> & { readonly clientIds?: unknown }
/** Counts and client ids by kind and name of the reaction. */
type Reactions = Partial<Record<Kind, Readonly<Record<string, Counted>>>>

/** Actions of annotations (TAN2b). */
const ACTION = { add: 0, remove: 1 } as const

/** @returns `bad_request` for a type that is none, or one that lacks its name */
export function readReaction(
  what: keyof typeof ACTION,
  { type, name, count }: Readonly<Record<string, unknown>>,
  serial: string,
  limits: MessageLimits,
): Result<AnnotationDraft[]> {
  const kind = KINDS.find((known) => known === type)
  if (!kind) return fail('bad_request', `the type of a reaction is ${KINDS.join(', ')}`)
  const annotation = { action: ACTION[what], type: annotationType(kind), name, count }
  return readAnnotations([annotation], serial, { limits })
}

/** The reactions in the annotation summary of a message; undefined without a summary. */
export function reactionsIn(summary: JsonText | undefined): Reactions | undefined {
  if (summary === undefined) return undefined
  const all = JSON.parse(summary) as Readonly<Record<string, Reactions[Kind]>>
  const found = KINDS.flatMap((kind) => {
    const counted = all[annotationType(kind)]
    return counted ? [[kind, counted] as const] : []
  })
  return Object.fromEntries(found)
}

/** The reactions of one client, without the ids of others. */
export function reactionsOf(clientId: string, reactions: Reactions): Reactions {
  const own: Reactions = {}
  for (const kind of KINDS) {
    const found = Object.entries(reactions[kind] ?? {}).flatMap(([name, counted]) => {
      const clientIds = onlyOf(clientId, counted.clientIds)
      return clientIds ? [[name, { ...counted, clientIds }] as const] : []
    })
    own[kind] = Object.fromEntries(found)
  }
  return own
}

/** @param clientIds a list, or how much each contributed */
function onlyOf(clientId: string, clientIds: unknown): unknown {
  if (Array.isArray(clientIds)) return clientIds.includes(clientId) ? [clientId] : undefined
  const counts = clientIds as Readonly<Record<string, number>> | undefined
  return counts && Object.hasOwn(counts, clientId) ? { [clientId]: counts[clientId] } : undefined
}

function annotationType(kind: Kind): string {
  return `reaction:${kind}.v1`
}
