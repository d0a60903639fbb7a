/** Fields of forms as the browser sends them: read as text, checked by a schema, with a fault for each that is wrong. */
import type { z } from 'zod'

/** What is wrong with which field, in words for whoever filled it in. */
export type Faults = Readonly<Record<string, string>>

export type FormResult<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly faults: Faults }

export type Fields = Readonly<Record<string, string | readonly string[]>>

/** The fields of a body that a form sent; of a name that comes several times, the list. */
export function fieldsOf(form: URLSearchParams): Fields {
  const lists = new Map<string, string[]>()
  for (const [name, value] of form) {
    const known = lists.get(name)
    if (known) known.push(value)
    else lists.set(name, [value])
  }
  const fields = Array.from(lists, ([name, list]): [string, Fields[string]] => [
    name,
    list.length === 1 ? list[0]! : list,
  ])
  return Object.fromEntries(fields)
}

/** The fields as a schema wants them; the first complaint about each field is told. */
export function parseFields<Shape extends z.ZodType>(
  schema: Shape,
  fields: Fields,
): FormResult<z.output<Shape>> {
  const parsed = schema.safeParse(fields)
  if (parsed.success) return { ok: true, value: parsed.data }
  const faults: Record<string, string> = {}
  for (const { path, message } of parsed.error.issues) faults[String(path[0] ?? 'form')] ??= message
  return { ok: false, faults }
}

/** One field as text, empty where it is missing. */
export function textField(fields: Fields, name: string): string {
  const value = fields[name]
  return typeof value === 'string' ? value : (value?.[0] ?? '')
}

/** All values of a field. */
export function listField(fields: Fields, name: string): readonly string[] {
  const value = fields[name]
  return value === undefined ? [] : typeof value === 'string' ? [value] : value
}
