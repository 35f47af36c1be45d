// Answers request lines with @cloud-copilot/iam-simulate, so that tests can compare.
//
// Reads JSON lines on stdin: requests, and {"define": NAME, "policy": doc} lines. Writes one line
// {"id", "outcome", "error"} for each request, in order. Says on stderr, at the end, how many
// requests it answered and how many seconds the package itself took.
//
// The package runs with its own validation of policies, actions, resources and context keys on.
// Context keys the package sets aside would make the answers of two different questions look like a
// disagreement: such a request is answered "error".
import { createInterface } from 'node:readline'
import { runSimulation } from '@cloud-copilot/iam-simulate'

const OUTCOMES = {
  Allowed: 'allowed',
  ExplicitlyDenied: 'explicitly_denied',
  ImplicitlyDenied: 'implicitly_denied',
}
const FLUSH_AT = 1 << 16
const NOTHING = { Version: '2012-10-17', Statement: [] }
const defined = new Map()

class Unanswerable extends Error {}

function document(value) {
  if (typeof value !== 'string') return value
  if (!defined.has(value)) throw new Unanswerable(`policy "${value}" is not defined`)
  return defined.get(value)
}

function named(documents, place) {
  return documents.map((policy, i) => ({ name: `${place}[${i}]`, policy: document(policy) }))
}

function levels(given, place) {
  return (given ?? []).map((documents, i) => ({
    orgIdentifier: `${place}[${i}]`,
    policies: named(documents, `${place}[${i}]`),
  }))
}

// The package attaches RCPFullAWSAccess to every level itself, and refuses any other Allow.
function isFullAccess(policy) {
  const statements = [policy.Statement].flat()
  return statements.every((one) => {
    const bare = { ...one }
    delete bare.Sid
    const principal = bare.Principal?.AWS ?? bare.Principal
    return (
      Object.keys(bare).sort().join() === 'Action,Effect,Principal,Resource' &&
      bare.Effect === 'Allow' &&
      [principal, bare.Action, bare.Resource].every((value) => [value].flat().join() === '*')
    )
  })
}

function resourceControls(given) {
  return levels(given, 'rcps').map(({ orgIdentifier, policies }) => {
    const others = policies.filter(({ policy }) => !isFullAccess(policy))
    if (others.length === policies.length)
      throw new Unanswerable(`${orgIdentifier} has no RCPFullAWSAccess, which the package implies`)
    return { orgIdentifier, policies: others }
  })
}

// What the package has no input for: such a request would ask it something else.
function unmodelled(request) {
  const name = request.action.toLowerCase()
  if (request.password_policy?.AllowUsersToChangePassword === true)
    if (name === 'iam:changepassword' || name === 'iam:getaccountpasswordpolicy')
      return 'password_policy'
  if (request.mfa_device === true)
    if (name === 'iam:enablemfadevice' || name === 'iam:deactivatemfadevice') return 'mfa_device'
  return null
}

function text(value) {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw new Unanswerable(`context value ${JSON.stringify(value)} is not a string`)
}

// What the product derives from the calling principal, under the names AWS documents.
function derived(principal, resourceAccount) {
  const [, partition, service, , account, ...rest] = principal.split(':')
  const [kind, ...names] = rest.join(':').split('/')
  const keys = {
    'aws:PrincipalArn': principal,
    'aws:PrincipalAccount': account,
    'aws:ResourceAccount': resourceAccount,
  }
  if (service === 'iam' && kind === 'user') {
    keys['aws:PrincipalType'] = 'User'
    keys['aws:username'] = names.at(-1)
  } else if (service === 'iam' && kind === 'role') {
    keys['aws:PrincipalType'] = 'AssumedRole'
  } else if (service === 'sts' && kind === 'assumed-role') {
    keys['aws:PrincipalType'] = 'AssumedRole'
    keys['aws:PrincipalArn'] = `arn:${partition}:iam::${account}:role/${names[0]}`
  } else if (service === 'sts' && kind === 'federated-user') {
    keys['aws:PrincipalType'] = 'FederatedUser'
  } else {
    throw new Unanswerable(`"${principal}" may not call`)
  }
  return keys
}

function contextVariables(request, resourceAccount) {
  const keys = derived(request.principal, resourceAccount)
  const spelled = new Map(Object.keys(keys).map((key) => [key.toLowerCase(), key]))
  for (const [key, value] of Object.entries(request.context ?? {})) {
    const before = spelled.get(key.toLowerCase())
    if (before !== undefined) delete keys[before]
    spelled.set(key.toLowerCase(), key)
    if (value === null || (Array.isArray(value) && value.length === 0)) continue
    keys[key] = Array.isArray(value) ? value.map(text) : text(value)
  }
  return keys
}

function simulation(request) {
  const extra = unmodelled(request)
  if (extra !== null) throw new Unanswerable(`the package knows no ${extra}`)
  const resource = request.resource
  const fields = resource.split(':')
  const owner = fields.length > 5 && fields[4] !== '' ? fields[4] : request.principal.split(':')[4]
  const accountId = request.account ?? owner
  const asked = {
    request: {
      principal: request.principal,
      action: request.action,
      resource: { resource, accountId },
      contextVariables: contextVariables(request, accountId),
    },
    identityPolicies: named(request.identity ?? [], 'identity'),
    serviceControlPolicies: levels(request.scps, 'scps'),
    resourceControlPolicies: resourceControls(request.rcps),
  }
  if (request.trust != null) asked.resourcePolicy = document(request.trust)
  if (request.session != null) asked.sessionPolicy = document(request.session)
  // An empty list counts as no boundary there, so a boundary that allows nothing is a document.
  if (request.boundary != null)
    asked.permissionBoundaryPolicies = named(
      request.boundary.length > 0 ? request.boundary : [NOTHING],
      'boundary',
    )
  return asked
}

function refusal(errors) {
  const { message, ...lists } = errors
  const found = []
  const walk = (value) => {
    if (typeof value === 'string') found.push(value)
    else if (value && typeof value.message === 'string') found.push(`${value.path}: ${value.message}`)
    else if (value && typeof value === 'object') Object.values(value).forEach(walk)
  }
  walk(lists)
  return [message, ...found].filter(Boolean).join('; ')
}

function setAside(result, request) {
  const results = result.resultType === 'single' ? [result.result] : result.results
  const given = new Set(Object.keys(request.context ?? {}).map((key) => key.toLowerCase()))
  const ignored = results.flatMap((one) => one.ignoredContextKeys ?? [])
  return [...new Set(ignored)].filter((key) => given.has(key.toLowerCase()))
}

async function outcome(asked, request) {
  const result = await runSimulation(asked, {})
  if (result.resultType === 'error') throw new Unanswerable(refusal(result.errors))
  const ignored = setAside(result, request)
  if (ignored.length > 0) throw new Unanswerable(`context keys set aside: ${ignored.join(', ')}`)
  return OUTCOMES[result.overallResult]
}

let seconds = 0
let answered = 0
let pending = ''

async function flush() {
  const chunk = pending
  pending = ''
  if (!process.stdout.write(chunk))
    await new Promise((resolve) => process.stdout.once('drain', resolve))
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  if (line.trim() === '') continue
  const request = JSON.parse(line)
  if ('define' in request) {
    defined.set(request.define, request.policy)
    continue
  }
  const answer = { id: request.id, outcome: 'error', error: null }
  try {
    const asked = simulation(request)
    const before = process.hrtime.bigint()
    try {
      answer.outcome = await outcome(asked, request)
    } finally {
      seconds += Number(process.hrtime.bigint() - before) / 1e9
    }
  } catch (error) {
    answer.error = error instanceof Unanswerable ? error.message : `${error?.stack ?? error}`
  }
  answered += 1
  pending += `${JSON.stringify(answer)}\n`
  if (pending.length >= FLUSH_AT) await flush()
}
await flush()
const rate = seconds > 0 ? Math.round(answered / seconds) : 0
process.stderr.write(`${answered} requests, ${seconds.toFixed(3)} s in the package, ${rate}/s\n`)
