/** Reads what a form sent. */
import type { z } from 'zod'
import { type Result, fail, ok } from '../failure.ts'
import { formFields } from '../text/form.ts'
import { type Page } from './site.ts'

/** What is wrong with which field, in words for whoever filled it in. */
export type Faults = Readonly<Record<string, string>>

export type FormResult<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly faults: Faults }

export type Fields = Readonly<Record<string, string | readonly string[]>>

const MAX_BODY_BYTES = 131_072

/** Reads what the browser sends: every field as text; of a name that comes several times, the list. */
export async function receiveFields(page: Page): Promise<Result<Fields>> {
  const body = await page.env.visit.body(MAX_BODY_BYTES)
  if (!body.ok) return body
  const type = page.req.header('content-type') ?? ''
  const isForm = type.startsWith('application/x-www-form-urlencoded')
  if (!isForm) return ok({})
  const form = formFields(body.value)
  return form ? ok(fieldsOf(form)) : fail('bad_request', 'what the form sent is not valid UTF-8')
}

function fieldsOf(form: URLSearchParams): Fields {
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

/** The fields of the form that this request sent. */
export async function readFields(page: Page): Promise<Fields> {
  return page.var.fields
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
