/** The audit trail over the API. */
import { z } from 'zod'
import { ok } from '../failure.ts'
import { type AuditEntry, ENTITIES } from '../service/audit/audit.ts'
import { accountFilter } from './access.ts'
import type { ApiParts } from './parts.ts'
import { type Route, route } from './route.ts'
import { none } from './shapes.ts'

const entry = z
  .object({
    id: z.int().describe('Later entries have greater ones'),
    time: z.int().describe('Milliseconds since the Unix epoch'),
    accountId: z.string().describe('Whose thing was changed'),
    actor: z.object({
      kind: z.string().describe('person, token, key, command, server or stranger'),
      name: z.string(),
      address: z.string().optional(),
    }),
    action: z.string(),
    kind: z.enum(ENTITIES),
    entity: z.string().describe('Id of what was changed'),
    name: z.string().describe('What it was called then'),
    fields: z.array(
      z.object({ field: z.string(), from: z.string().optional(), to: z.string().optional() }),
    ),
  })
  .meta({ id: 'AuditEntry' })

const query = z.object({
  kind: z.enum(ENTITIES).optional(),
  text: z.string().optional().describe('Part of the name of who did it, or of what was changed'),
  before: z.coerce.number().int().optional().describe('Only entries older than the one of this id'),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
})

export function auditRoutes({ services: { audit } }: ApiParts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/audit',
      summary: 'Lists who changed what, the newest first',
      scope: 'read:audit',
      params: none,
      query,
      status: 200,
      answer: z.array(entry),
      handle: ({ bearer, query: { kind, ...question } }) => {
        const kinds = kind === undefined ? undefined : [kind]
        return ok(audit.list(accountFilter(bearer), { ...question, kinds }).entries.map(entryView))
      },
    }),
  ]
}

export function entryView(row: AuditEntry): z.infer<typeof entry> {
  const { seq, at, accountId, actorKind, actor, address, action, kind, entity, name, fields } = row
  return {
    id: seq,
    time: at,
    accountId,
    actor: { kind: actorKind, name: actor, ...(address !== null && { address }) },
    action,
    kind,
    entity,
    name,
    fields: [...fields],
  }
}
