/** Reads annotations that clients publish, over REST or a socket. */
import type { Annotation, AnnotationDraft } from '../../../core/types.ts'
import { type Failure, type Result, fail, failure, ok } from '../../../failure.ts'
import { annotationAction } from './actions.ts'
import { type SenderContext, checkSender, readCommon, readEntries, readName } from './members.ts'

/** Methods of annotation summaries. */
export type AnnotationMethod = 'total' | 'flag' | 'distinct' | 'unique' | 'multiple'

const METHOD = /^[^:].*:(total|flag|distinct|unique|multiple)\.v1$/s

/** The method in an annotation type, such as `reaction:distinct.v1`; undefined for types that nothing sums up. */
export function annotationMethod(type: string): AnnotationMethod | undefined {
  return METHOD.exec(type)?.[1] as AnnotationMethod | undefined
}

/**
 * Reads a list of annotations.
 * @param value as decoded from JSON or MessagePack
 * @param messageSerial of the annotated message, where the request's path names it
 */
export function readAnnotations(
  value: unknown,
  messageSerial?: string,
  context: SenderContext = {},
): Result<AnnotationDraft[]> {
  const { limits } = context
  if (!Array.isArray(value)) return fail('bad_request', 'annotations come in a list')
  const values = readEntries(value, limits)
  if (!values.ok) return values
  const drafts: AnnotationDraft[] = []
  for (const entry of values.value) {
    const draft = readAnnotation(entry, messageSerial, context)
    if (!draft.ok) return draft
    drafts.push(draft.value)
  }
  return ok(drafts)
}

function readAnnotation(
  entry: Readonly<Record<string, unknown>>,
  known: string | undefined,
  context: SenderContext,
): Result<AnnotationDraft> {
  const action = annotationAction(entry['action'])
  if (!action) return fail('bad_request', 'an annotation is created or deleted')
  const stranger = checkSender(entry, context)
  if (stranger) return { ok: false, failure: stranger }
  const own = readName(entry['messageSerial'], 'parameter_invalid', 'the message serial is invalid')
  if (!own.ok) return own
  const messageSerial = known ?? own.value
  if (messageSerial === undefined || (own.value ?? messageSerial) !== messageSerial)
    return fail('parameter_invalid', 'the message serial is missing or ambiguous')
  const subject = readSubject(entry, action)
  if (!subject.ok) return subject
  const common = readCommon(entry)
  if (!common.ok) return common
  const { id, clientId, data, encoding, extras } = common.value
  const { type, name, count } = subject.value
  return ok({
    action,
    id,
    messageSerial,
    type,
    name,
    clientId,
    count,
    data,
    encoding,
    extras: extras.text,
  })
}

type Subject = Pick<Annotation, 'type' | 'name' | 'count'>

function readSubject(
  entry: Readonly<Record<string, unknown>>,
  action: Annotation['action'],
): Result<Subject> {
  const type = readName(entry['type'], 'bad_request', 'the type of an annotation is a text')
  if (!type.ok) return type
  if (type.value === undefined) return fail('bad_request', 'an annotation has a type')
  const name = readName(entry['name'], 'bad_request', 'the name of an annotation is a text')
  if (!name.ok) return name
  const { count = null } = entry
  if (count !== null && (!Number.isSafeInteger(count) || (count as number) < 1))
    return fail('bad_request', 'the count of an annotation is a whole number from 1')
  const subject = {
    type: type.value,
    name: name.value,
    count: (count as number | null) ?? undefined,
  }
  const fault = subjectFault(subject, action)
  return fault ? { ok: false, failure: fault } : ok(subject)
}

const NAMED: ReadonlySet<AnnotationMethod> = new Set(['distinct', 'unique', 'multiple'])

function subjectFault(
  { type, name, count }: Subject,
  action: Annotation['action'],
): Failure | undefined {
  const method = annotationMethod(type)
  if (!method) return undefined
  // A client has at most one annotation of a unique type, so no name is needed to remove it.
  const isPlain = action === 'delete' && method === 'unique'
  if (name === undefined && NAMED.has(method) && !isPlain)
    return failure('bad_request', `an annotation of the method ${method} has a name`)
  if (count !== undefined && method !== 'multiple')
    return failure('bad_request', `an annotation of the method ${method} has no count`)
  return undefined
}
