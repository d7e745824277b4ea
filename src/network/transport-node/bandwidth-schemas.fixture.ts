// The parts of two public OpenAPI files that the adapters use, as minimal JSON schemas: names of fields, types and limits, without their
// prose. The stand-in server checks every request by them, and its answers are made from them.
//
// - ETSI GS MEC 015, BwManagementApi.yaml, version 2.2.1 (BSD-3-Clause; forge.etsi.org/rep/mec/gs015-bandwith-mgmt-api, read in the copy
//   github.com/api-evangelist/etsi openapi/mec/BwManagementApi.yaml).
// - CAMARA quality-on-demand.yaml and qos-profiles.yaml, both version 1.1.0 (Apache-2.0; github.com/camaraproject/QualityOnDemand,
//   code/API_definitions, commit e176005).

/** The keywords of JSON schema that are used here. */
export interface Schema {
  readonly type?: 'object' | 'array' | 'string' | 'integer';
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly enum?: readonly (string | number)[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly minProperties?: number;
  readonly anyOf?: readonly Schema[];
}

const string: Schema = { type: 'string' };
const sessionFilter: Schema = {
  type: 'object',
  properties: { sourceIp: string, sourcePort: string, dstAddress: string, dstPort: string, protocol: string },
};

/** MEC 015, 7.2.2. The values of `allocationDirection` are in its description. */
export const bwInfo: Schema = {
  type: 'object',
  required: ['appInsId', 'requestType', 'fixedAllocation', 'allocationDirection'],
  properties: {
    allocationId: string,
    appInsId: string,
    requestType: { type: 'integer', enum: [0, 1] },
    sessionFilter: { type: 'array', items: sessionFilter },
    fixedAllocation: string,
    allocationDirection: { type: 'string', enum: ['00', '01', '10'] },
  },
};

/** MEC 015: bodies of POST and PUT. */
export const bwBody: Schema = { type: 'object', required: ['BwInfo'], properties: { BwInfo: bwInfo } };

const port: Schema = { type: 'integer', minimum: 0, maximum: 65_535 };
const ports: Schema = {
  type: 'object',
  minProperties: 1,
  properties: { ports: { type: 'array', minItems: 1, items: port } },
};
const profileName: Schema = { type: 'string', minLength: 3, maxLength: 256, pattern: '^[a-zA-Z0-9_.-]+$' };
const duration: Schema = { type: 'integer', minimum: 1, maximum: 2 ** 31 - 1 };
const device: Schema = {
  type: 'object',
  minProperties: 1,
  properties: {
    phoneNumber: { type: 'string', pattern: '^\\+[1-9][0-9]{4,14}$' },
    ipv4Address: {
      type: 'object',
      properties: { publicAddress: string, privateAddress: string, publicPort: port },
      anyOf: [{ required: ['publicAddress', 'privateAddress'] }, { required: ['publicAddress', 'publicPort'] }],
    },
    ipv6Address: string,
  },
};

/** quality-on-demand: CreateSession. */
export const createSession: Schema = {
  type: 'object',
  required: ['applicationServer', 'qosProfile', 'duration'],
  properties: {
    device,
    applicationServer: { type: 'object', minProperties: 1, properties: { ipv4Address: string, ipv6Address: string } },
    devicePorts: ports,
    applicationServerPorts: ports,
    qosProfile: profileName,
    duration,
  },
};

/** quality-on-demand: ExtendSessionDuration. */
export const extendSession: Schema = {
  type: 'object',
  required: ['requestedAdditionalDuration'],
  properties: { requestedAdditionalDuration: duration },
};

/** quality-on-demand: SessionInfo. */
export const sessionInfo: Schema = {
  type: 'object',
  required: ['sessionId', 'duration', 'qosStatus', 'applicationServer', 'qosProfile'],
  properties: {
    sessionId: { type: 'string', pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' },
    duration,
    qosStatus: { type: 'string', enum: ['REQUESTED', 'AVAILABLE', 'UNAVAILABLE'] },
    statusInfo: { type: 'string', enum: ['DURATION_EXPIRED', 'NETWORK_TERMINATED', 'DELETE_REQUESTED'] },
    qosProfile: profileName,
  },
};

const rate: Schema = {
  type: 'object',
  properties: {
    value: { type: 'integer', minimum: 0, maximum: 1024 },
    unit: { type: 'string', enum: ['bps', 'kbps', 'Mbps', 'Gbps', 'Tbps'] },
  },
};
const period: Schema = {
  type: 'object',
  properties: {
    value: { type: 'integer', minimum: 1 },
    unit: {
      type: 'string',
      enum: ['Days', 'Hours', 'Minutes', 'Seconds', 'Milliseconds', 'Microseconds', 'Nanoseconds'],
    },
  },
};
const status: Schema = { type: 'string', enum: ['ACTIVE', 'INACTIVE', 'DEPRECATED'] };

/** qos-profiles: QosProfileDeviceRequest. */
export const retrieveProfiles: Schema = { type: 'object', properties: { device, name: profileName, status } };

/** qos-profiles: the answer, a list of QosProfile. */
export const profileList: Schema = {
  type: 'array',
  items: {
    type: 'object',
    required: ['name', 'status'],
    properties: {
      name: profileName,
      status,
      targetMinUpstreamRate: rate,
      maxUpstreamRate: rate,
      targetMinDownstreamRate: rate,
      maxDownstreamRate: rate,
      minDuration: period,
      maxDuration: period,
    },
  },
};

/** The first thing that is wrong with a value; undefined: nothing. */
export function faultOf(schema: Schema, value: unknown, at: string = 'body'): string | undefined {
  if (schema.type !== undefined && !isOfType(schema.type, value)) return `${at} is no ${schema.type}`;
  const { enum: allowed, anyOf } = schema;
  if (allowed !== undefined && !allowed.includes(value as string)) return `${at} is none of ${allowed.join(', ')}`;
  if (anyOf?.every((one) => faultOf(one, value, at) !== undefined) === true) return `${at} is none of its forms`;
  if (typeof value === 'string') return faultOfText(schema, value, at);
  if (typeof value === 'number') {
    const { minimum = value, maximum = value } = schema;
    return value >= minimum && value <= maximum ? undefined : `${at} is out of range`;
  }
  if (Array.isArray(value)) {
    if (value.length < (schema.minItems ?? 0)) return `${at} has too few items`;
    return first(value.map((item: unknown, index) => faultOf(schema.items ?? {}, item, `${at}[${index}]`)));
  }
  return typeof value === 'object' && value !== null ? faultOfObject(schema, value, at) : undefined;
}

function faultOfText({ pattern, minLength = 0, maxLength }: Schema, value: string, at: string): string | undefined {
  const isLong = value.length >= minLength && value.length <= (maxLength ?? value.length);
  if (!isLong) return `${at} has the wrong length`;
  return pattern === undefined || new RegExp(pattern).test(value) ? undefined : `${at} has the wrong form`;
}

function faultOfObject({ required = [], properties = {}, minProperties = 0 }: Schema, value: object, at: string) {
  const missing = required.find((name) => !(name in value));
  if (missing !== undefined) return `${at} lacks ${missing}`;
  if (Object.keys(value).length < minProperties) return `${at} is empty`;
  return first(Object.entries(value).map(([name, field]) => faultOf(properties[name] ?? {}, field, `${at}.${name}`)));
}

function isOfType(type: NonNullable<Schema['type']>, value: unknown): boolean {
  if (type === 'array') return Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === type;
}

function first(faults: readonly (string | undefined)[]): string | undefined {
  return faults.find((fault) => fault !== undefined);
}
