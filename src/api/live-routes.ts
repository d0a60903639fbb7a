/** The operations on channels and connections. */
import { z } from 'zod'
import { andThen } from '../core/soon.ts'
import { type Result, fail, ok } from '../failure.ts'
import type { Keyring } from '../identity/keyring.ts'
import type { Keys } from '../policy/channel-keys.ts'
import type { Bearer } from '../service/accounts/access-tokens.ts'
import type { Found } from '../service/live/live-merging.ts'
import type { LiveService } from '../service/live/live.ts'
import { isOwner, accountFilter } from './access.ts'
import type { ApiParts } from './parts.ts'
import { type Route, route } from './route.ts'
import * as shapes from './shapes.ts'

const idParams = z.object({ id: z.string() })

export function liveRoutes({ services: { keyring }, live }: ApiParts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/channels',
      summary: 'Lists channels in use, of the commons and of apps, the fullest first',
      scope: 'read:channel',
      params: shapes.none,
      query: shapes.none,
      status: 200,
      answer: z.array(shapes.channel),
      handle: ({ bearer, missing }) =>
        andThen(live.channels(accountFilter(bearer)), (found) => itemsOf(found, missing)),
    }),
    route({
      method: 'POST',
      path: '/channels/explain',
      summary: 'Says whether somebody with these keys may join and send, and which rule decides',
      scope: 'read:channel',
      params: shapes.none,
      query: shapes.none,
      body: shapes.question,
      status: 200,
      answer: shapes.explanation,
      handle: ({ bearer, body }) => {
        const answer = live.explain(body.channel, presentedKeys(keyring, body))
        // The rules of another account's reservation are not shown.
        return isOwner(bearer) || mayExplain(bearer, live, body.channel)
          ? ok(answer)
          : fail('forbidden')
      },
    }),
    route({
      method: 'GET',
      path: '/connections',
      summary: 'Lists connections: all, those on one channel, those of one app',
      scope: 'read:connection',
      params: shapes.none,
      query: shapes.place.partial(),
      status: 200,
      answer: z.array(shapes.connection),
      handle: ({ bearer, missing, query: { channel, app } }) => {
        const search = { channel, appId: app }
        return andThen(live.connections(accountFilter(bearer), search), (found) =>
          itemsOf(found, missing),
        )
      },
    }),
    route({
      method: 'DELETE',
      path: '/connections/{id}',
      summary: 'Disconnects a connection, which is told so',
      scope: 'write:connection',
      params: idParams,
      query: shapes.none,
      status: 204,
      asksNodes: true,
      handle: ({ bearer, path }) => live.disconnect(accountFilter(bearer), path.id),
    }),
    route({
      method: 'DELETE',
      path: '/connections',
      summary: 'Disconnects everybody on a channel',
      scope: 'write:connection',
      params: shapes.none,
      query: shapes.place,
      status: 200,
      answer: shapes.disconnected,
      asksNodes: true,
      handle: ({ bearer, missing, query: { channel, app } }) => {
        const ref = live.refOf(channel, app)
        return andThen(live.disconnectChannel(accountFilter(bearer), ref), (ended) => {
          missing.push(...ended.missing)
          return ok({ disconnected: ended.count })
        })
      },
    }),
  ]
}

/** The list; nodes that are missing from it are named beside it. */
function itemsOf<T>(found: Found<T>, missing: string[]): Result<readonly T[]> {
  missing.push(...found.missing)
  return ok(found.items)
}

/** Digests of the keys in the question. */
export function presentedKeys(
  keyring: Keyring,
  { joinKey, sendKey }: { joinKey?: string | undefined; sendKey?: string | undefined },
): Keys {
  return {
    ...(joinKey && { join: keyring.digest(joinKey) }),
    ...(sendKey && { send: keyring.digest(sendKey) }),
  }
}

function mayExplain(bearer: Bearer, live: LiveService, channel: string): boolean {
  return live.ownerOf(channel) === bearer.account.id
}
