/** Conflation keys: templates such as `#{message.name}` that say which messages replace each other. */

/** The fields of a message that a template can use. */
export interface Conflatable {
  readonly id: string
  readonly name: string | undefined
  readonly clientId: string | undefined
  /** JSON text of an object. */
  readonly extras: string | undefined
}

export type ConflationKey = (message: Conflatable) => string

/** Longest template of a new rule: enough for any number of headers that could tell messages apart. */
export const MAX_TEMPLATE_LETTERS = 1024

const OPENING = '#{'
const SUBJECT = 'message.'
const HEADER = /^extras\.headers(?:\.([\w-]+)|\[\s*(?:'([^']+)'|"([^"]+)")\s*\])$/

/** Text that stands for itself, or what `#{message.…}` names. */
type TemplatePart = string | { readonly text: string; readonly path: string }

type Headers = Readonly<Record<string, unknown>> | undefined

/** Text outside of `#{…}` stands for itself; what a message does not have is empty. */
export function conflationKey(template: string): ConflationKey {
  const parts = partsOf(template).map((part) =>
    typeof part === 'string' ? part : readerOf(part.path),
  )
  return (message) => {
    let headers: { readonly value: Headers } | undefined
    const headersOnce = () => (headers ??= { value: headersOf(message) }).value
    return parts
      .map((part) =>
        typeof part === 'string' ? part : JSON.stringify(part(message, headersOnce) ?? ''),
      )
      .join('')
  }
}

/** What is wrong with the template of a rule, as the rest of a sentence after "conflationKey"; undefined if nothing is. */
export function conflationKeyFault(template: string): string | undefined {
  if (template.length > MAX_TEMPLATE_LETTERS)
    return `has at most ${MAX_TEMPLATE_LETTERS} characters`
  for (const part of partsOf(template)) {
    if (typeof part === 'string' || isField(part.path) || HEADER.test(part.path)) continue
    return `can use message.id, name, clientId and extras.headers; not ${part.text}`
  }
  return undefined
}

/** In one pass, so that no template takes long: any owner of an app can write one. */
function partsOf(template: string): TemplatePart[] {
  const parts: TemplatePart[] = []
  let literalFrom = 0
  for (let at = template.indexOf(OPENING); at >= 0; at = template.indexOf(OPENING, at)) {
    const subject = skipSpace(template, at + OPENING.length)
    if (!template.startsWith(SUBJECT, subject)) {
      at = subject
      continue
    }
    const end = template.indexOf('}', subject)
    if (end < 0) break
    const path = template.slice(subject + SUBJECT.length, end).trimEnd()
    parts.push(template.slice(literalFrom, at), { text: template.slice(at, end + 1), path })
    at = literalFrom = end + 1
  }
  parts.push(template.slice(literalFrom))
  return parts.filter((part) => part !== '')
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (/\s/.test(text.charAt(at))) at++
  return at
}

function isField(path: string): path is 'id' | 'name' | 'clientId' {
  return path === 'id' || path === 'name' || path === 'clientId'
}

function readerOf(path: string): (message: Conflatable, headers: () => Headers) => unknown {
  if (isField(path)) return (message) => message[path]
  const header = HEADER.exec(path)
  if (!header) return () => undefined
  const name = header[1] ?? header[2] ?? header[3]!
  return (_, headersOnce) => {
    const headers = headersOnce()
    return headers && Object.hasOwn(headers, name) ? headers[name] : undefined
  }
}

function headersOf({ extras }: Conflatable): Headers {
  if (extras === undefined) return undefined
  return (JSON.parse(extras) as { headers?: Record<string, unknown> }).headers
}
