/** Conflation keys: templates such as `#{message.name}` that say which messages replace each other. */

/** What a template can speak of. */
export interface Conflatable {
  readonly id: string
  readonly name: string | undefined
  readonly clientId: string | undefined
  /** JSON text of an object. */
  readonly extras: string | undefined
}

export type ConflationKey = (message: Conflatable) => string

const PLACE = /#\{\s*message\.([^}]*?)\s*\}/g
const HEADER = /^extras\.headers(?:\.([\w-]+)|\[\s*(?:'([^']+)'|"([^"]+)")\s*\])$/

/** Text outside of `#{…}` stands for itself; what a message does not have is empty. */
export function conflationKey(template: string): ConflationKey {
  return (message) =>
    template.replaceAll(PLACE, (_, path: string) => JSON.stringify(valueAt(message, path) ?? ''))
}

/** The first place of a template that names nothing a message has, or undefined. */
export function conflationKeyFault(template: string): string | undefined {
  for (const [place, path] of template.matchAll(PLACE)) {
    if (!['id', 'name', 'clientId'].includes(path!) && !HEADER.test(path!)) return place
  }
  return undefined
}

function valueAt(message: Conflatable, path: string): unknown {
  if (path === 'id' || path === 'name' || path === 'clientId') return message[path]
  const header = HEADER.exec(path)
  if (!header || message.extras === undefined) return undefined
  const { headers } = JSON.parse(message.extras) as { headers?: Record<string, unknown> }
  const name = header[1] ?? header[2] ?? header[3]!
  return headers && Object.hasOwn(headers, name) ? headers[name] : undefined
}
