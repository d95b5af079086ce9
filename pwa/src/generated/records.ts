// Written by `python -m grid.schema_export` from the models in grid/. Do not edit.

export type AnyRecord =
	| Household
	| Resident
	| Patrol
	| Visit
	| Event
	| Dispute
	| Task
	| CampaignRecord
	| Premises
	| Organisation;
export type KinshipCode = "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8";
export type SexCode = "0" | "1" | "2" | "9";
export type EthnicCode =
	| "01"
	| "02"
	| "03"
	| "04"
	| "05"
	| "06"
	| "07"
	| "08"
	| "09"
	| "10"
	| "11"
	| "12"
	| "13"
	| "14"
	| "15"
	| "16"
	| "17"
	| "18"
	| "19"
	| "20"
	| "21"
	| "22"
	| "23"
	| "24"
	| "25"
	| "26"
	| "27"
	| "28"
	| "29"
	| "30"
	| "31"
	| "32"
	| "33"
	| "34"
	| "35"
	| "36"
	| "37"
	| "38"
	| "39"
	| "40"
	| "41"
	| "42"
	| "43"
	| "44"
	| "45"
	| "46"
	| "47"
	| "48"
	| "49"
	| "50"
	| "51"
	| "52"
	| "53"
	| "54"
	| "55"
	| "56"
	| "97"
	| "98";
export type MaritalCode = "10" | "20" | "21" | "22" | "23" | "30" | "40" | "90";
export type EducationCode = "10" | "20" | "30" | "40" | "60" | "70" | "80" | "90";
export type PoliticsCode =
	"01" | "02" | "03" | "04" | "05" | "06" | "07" | "08" | "09" | "10" | "11" | "12" | "13";
export type EventCategoryCode =
	| "01"
	| "0101"
	| "0102"
	| "0103"
	| "0104"
	| "0105"
	| "0106"
	| "0107"
	| "0108"
	| "0109"
	| "0110"
	| "0111"
	| "0112"
	| "0113"
	| "0114"
	| "0115"
	| "0116"
	| "0199"
	| "02"
	| "0201"
	| "0202"
	| "0203"
	| "0204"
	| "0205"
	| "0206"
	| "0207"
	| "0208"
	| "0209"
	| "0210"
	| "0299"
	| "03"
	| "0301"
	| "0302"
	| "0303"
	| "0304"
	| "0305"
	| "0306"
	| "0307"
	| "0308"
	| "0309"
	| "0310"
	| "0311"
	| "0312"
	| "0399"
	| "04"
	| "0401"
	| "0402"
	| "0403"
	| "0404"
	| "0405"
	| "0406"
	| "0407"
	| "0408"
	| "0409"
	| "0499"
	| "05"
	| "0501"
	| "0502"
	| "0503"
	| "0504"
	| "0505"
	| "0506"
	| "0507"
	| "0508"
	| "0509"
	| "0599"
	| "06"
	| "0601"
	| "0602"
	| "0603"
	| "0604"
	| "0605"
	| "0606"
	| "0607"
	| "0699"
	| "07"
	| "0701"
	| "0702"
	| "0703"
	| "0704"
	| "0705"
	| "0706"
	| "0707"
	| "0708"
	| "0709"
	| "0710"
	| "0799"
	| "08"
	| "0801"
	| "0802"
	| "0803"
	| "0804"
	| "0805"
	| "09"
	| "0901"
	| "0902"
	| "0903"
	| "0904"
	| "0905"
	| "0906"
	| "0907"
	| "0999"
	| "10"
	| "1001"
	| "1002"
	| "1003"
	| "1004"
	| "99";
export type EventStatusCode =
	| "10"
	| "11"
	| "12"
	| "20"
	| "25"
	| "30"
	| "40"
	| "41"
	| "50"
	| "55"
	| "52"
	| "51"
	| "60"
	| "61"
	| "70"
	| "80"
	| "81"
	| "90"
	| "91"
	| "92"
	| "93"
	| "99";
export type DisputeCategoryCode =
	| "0101"
	| "0102"
	| "0103"
	| "0104"
	| "0105"
	| "0106"
	| "0107"
	| "0108"
	| "0109"
	| "0110"
	| "0111"
	| "0112"
	| "0113"
	| "0114"
	| "0115"
	| "0116"
	| "0199";
export type DisputeScaleCode = "01" | "02" | "03";
export type DisputeStatusCode =
	"10" | "20" | "30" | "40" | "45" | "50" | "60" | "61" | "70" | "80" | "81" | "91" | "92" | "99";
export type TaskStatusCode = "10" | "20" | "30" | "60" | "61" | "70" | "91" | "92" | "99";
export type CampaignStatusCode = "10" | "20" | "30" | "31" | "99";

/**
 * One household of a household group.
 */
export interface Household {
	/**
	 * 类型 · Type
	 */
	type: "household";
	/**
	 * 版本 · Schema
	 */
	schema: number;
	/**
	 * 网格 · Grid
	 */
	grid: string;
	created: Trace;
	updated: Trace;
	/**
	 * 字段时钟 · Field clocks
	 */
	stamps?: {
		[k: string]: string;
	};
	/**
	 * 合并情况 · Merge
	 */
	merge?: MergeNote | null;
	/**
	 * 虚构数据 · Fictitious
	 */
	fictitious?: boolean | null;
	/**
	 * 已并入 · Merged into
	 */
	merged_into?: string | null;
	/**
	 * 不是同一个 · Not the same as
	 */
	distinct_from?: string[];
	/**
	 * 并入了 · Contains
	 */
	absorbed?: Absorbed[];
	/**
	 * 门牌地址 · Address
	 */
	address: string;
	/**
	 * 楼栋 · Building
	 */
	building?: string | null;
	/**
	 * 单元 · Unit
	 */
	unit?: string | null;
	/**
	 * 房号 · Room
	 */
	room?: string | null;
	/**
	 * 户号 · Household number
	 */
	household_number?: string | null;
	/**
	 * 户主 · Head of household
	 */
	head?: string | null;
	/**
	 * 户主姓名 · Head's name
	 */
	head_name?: string | null;
	/**
	 * 联系电话 · Phone
	 */
	phone?: string | null;
	/**
	 * 居住类型 · Residence
	 */
	residence_type?: ("registered" | "rented" | "vacant" | "registered_absent" | "other") | null;
	/**
	 * 在住人数 · People living here
	 */
	members?: number | null;
	/**
	 * 房屋用途 · Use of the house
	 */
	housing_use?: ("dwelling" | "rental" | "shop" | "mixed" | "factory" | "other") | null;
	/**
	 * 建筑面积（㎡） · Floor area (m²)
	 */
	area?: number | null;
	/**
	 * 房主姓名 · Owner's name
	 */
	owner_name?: string | null;
	/**
	 * 房主电话 · Owner's phone
	 */
	owner_phone?: string | null;
	/**
	 * 标签 · Tags
	 */
	tags?: string[];
	/**
	 * 隐患类型 · Hazards
	 */
	hazards?: string[];
	/**
	 * 住户状态 · Status
	 */
	status?: ("living" | "moved_out" | "demolished") | null;
	/**
	 * 上次走访 · Last visit
	 */
	last_visit?: string | null;
	/**
	 * 位置 · Position
	 */
	place?: Place | null;
	/**
	 * 备注 · Note
	 */
	note?: string | null;
	/**
	 * 主管意见 · Supervisor's remark
	 */
	review_note?: string | null;
}
/**
 * When (hybrid logical clock), by whom and on which device something was done.
 */
export interface Trace {
	/**
	 * 时间 · When
	 */
	at: string;
	/**
	 * 人员 · By
	 */
	by: string;
	/**
	 * 设备 · Device
	 */
	device: string;
}
/**
 * What the server notes on a document that it merged; phones only read it.
 */
export interface MergeNote {
	parents: string[];
	sides: MergeSide[];
	fields: {
		[k: string]: MergedField;
	};
	review: boolean;
	policy: number;
}
/**
 * One of the edits that met in a merge.
 */
export interface MergeSide {
	rev: string;
	by?: string | null;
	device?: string | null;
	at?: string | null;
	deleted?: boolean | null;
}
/**
 * How a field was decided: the revision whose value stands (``None``: joined), who lost.
 */
export interface MergedField {
	policy: string;
	chosen?: string | null;
	lost?: string[];
}
/**
 * A duplicate whose content this record contains, as it was at ``rev``.
 */
export interface Absorbed {
	key: string;
	rev: string;
}
/**
 * A position in degrees, metres of accuracy; ``raw`` where it was converted to be one of
 * WGS-84 or CGCS2000.
 */
export interface Place {
	/**
	 * 纬度 · Latitude
	 */
	latitude: number;
	/**
	 * 经度 · Longitude
	 */
	longitude: number;
	/**
	 * 精度（米） · Accuracy (m)
	 */
	accuracy?: number | null;
	/**
	 * 坐标系 · Coordinate system
	 */
	crs?: string;
	/**
	 * 原始位置 · As the device gave it
	 */
	raw?: RawPosition | null;
}
/**
 * A position in the coordinate system in which the device gave it.
 */
export interface RawPosition {
	latitude: number;
	longitude: number;
	crs: string;
}
/**
 * A person who lives, or is registered, in a grid.
 */
export interface Resident {
	/**
	 * 类型 · Type
	 */
	type: "resident";
	/**
	 * 版本 · Schema
	 */
	schema: number;
	/**
	 * 网格 · Grid
	 */
	grid: string;
	created: Trace;
	updated: Trace;
	/**
	 * 字段时钟 · Field clocks
	 */
	stamps?: {
		[k: string]: string;
	};
	/**
	 * 合并情况 · Merge
	 */
	merge?: MergeNote | null;
	/**
	 * 虚构数据 · Fictitious
	 */
	fictitious?: boolean | null;
	/**
	 * 已并入 · Merged into
	 */
	merged_into?: string | null;
	/**
	 * 不是同一个 · Not the same as
	 */
	distinct_from?: string[];
	/**
	 * 并入了 · Contains
	 */
	absorbed?: Absorbed[];
	/**
	 * 姓名 · Name
	 */
	name: string;
	/**
	 * 曾用名 · Former name
	 */
	former_name?: string | null;
	/**
	 * 所属住户 · Household
	 */
	household?: string | null;
	/**
	 * 与户主关系 · Relation to head
	 */
	relation?: KinshipCode | null;
	/**
	 * 公民身份号码 · Id number
	 */
	id_number?: string | null;
	/**
	 * 无身份证原因 · Why no id number
	 */
	no_id_reason?: string | null;
	/**
	 * 性别 · Sex
	 */
	sex?: SexCode | null;
	/**
	 * 出生日期 · Born
	 */
	birth_date?: string | null;
	/**
	 * 民族 · Ethnic group
	 */
	ethnic?: EthnicCode | null;
	/**
	 * 婚姻状况 · Marital status
	 */
	marital?: MaritalCode | null;
	/**
	 * 学历 · Education
	 */
	education?: EducationCode | null;
	/**
	 * 政治面貌 · Political status
	 */
	politics?: PoliticsCode | null;
	/**
	 * 职业 · Occupation
	 */
	occupation?: string | null;
	/**
	 * 服务处所 · Workplace
	 */
	workplace?: string | null;
	/**
	 * 联系电话 · Phone
	 */
	phone?: string | null;
	/**
	 * 监护人姓名 · Guardian's name
	 */
	guardian_name?: string | null;
	/**
	 * 监护人电话 · Guardian's phone
	 */
	guardian_phone?: string | null;
	/**
	 * 人口类别 · Kind of resident
	 */
	population?: ("registered" | "floating" | "left_behind" | "absent" | "overseas") | null;
	/**
	 * 户籍地详址 · Registered address
	 */
	registered_address?: string | null;
	/**
	 * 居住情况 · Lives here
	 */
	presence?: ("here" | "partly" | "away") | null;
	/**
	 * 人员状态 · Status
	 */
	status?: ("present" | "moved_out" | "deceased") | null;
	/**
	 * 流入日期 · Arrived
	 */
	arrived?: string | null;
	/**
	 * 流入原因 · Reason for coming
	 */
	arrived_why?: string | null;
	/**
	 * 关爱类别 · Care
	 */
	care?: string[];
	/**
	 * 特长 · Skills
	 */
	skills?: string[];
	/**
	 * 备注 · Note
	 */
	note?: string | null;
	/**
	 * 主管意见 · Supervisor's remark
	 */
	review_note?: string | null;
}
/**
 * One patrol from its start to its end.
 */
export interface Patrol {
	/**
	 * 类型 · Type
	 */
	type: "patrol";
	/**
	 * 版本 · Schema
	 */
	schema: number;
	/**
	 * 网格 · Grid
	 */
	grid: string;
	created: Trace;
	updated: Trace;
	/**
	 * 字段时钟 · Field clocks
	 */
	stamps?: {
		[k: string]: string;
	};
	/**
	 * 合并情况 · Merge
	 */
	merge?: MergeNote | null;
	/**
	 * 虚构数据 · Fictitious
	 */
	fictitious?: boolean | null;
	/**
	 * 开始时间 · Started
	 */
	started: string;
	/**
	 * 结束时间 · Ended
	 */
	ended?: string | null;
	/**
	 * 巡查人 · Who
	 */
	worker?: string | null;
	/**
	 * 路线 · Route
	 */
	route?: string | null;
	/**
	 * 检查项 · Checks
	 */
	checks?: Check[];
	/**
	 * 发现 · Findings
	 */
	findings?: Finding[];
	/**
	 * 途经点 · Way points
	 */
	points?: Point[];
	/**
	 * 备注 · Note
	 */
	note?: string | null;
}
/**
 * One item of the checklist: looked at, and how it was.
 */
export interface Check {
	/**
	 * 编号 · Key
	 */
	key: string;
	/**
	 * 名称 · Item
	 */
	label?: string | null;
	/**
	 * 结果 · Result
	 */
	result?: "fine" | "problem" | "not_checked";
	/**
	 * 说明 · Note
	 */
	note?: string | null;
}
/**
 * Something found on the way; ``event`` names the event it became.
 */
export interface Finding {
	/**
	 * 编号 · Key
	 */
	key: string;
	/**
	 * 时间 · When
	 */
	at: string;
	/**
	 * 类别 · Category
	 */
	category?: string | null;
	/**
	 * 情况 · What was found
	 */
	text: string;
	/**
	 * 位置 · Position
	 */
	place?: Place | null;
	/**
	 * 事件 · Event
	 */
	event?: string | null;
}
/**
 * A coarse point of the way, taken only where the setting allows it.
 */
export interface Point {
	/**
	 * 编号 · Key
	 */
	key: string;
	/**
	 * 时间 · When
	 */
	at: string;
	place: Place;
}
/**
 * One visit to one household.
 */
export interface Visit {
	/**
	 * 类型 · Type
	 */
	type: "visit";
	/**
	 * 版本 · Schema
	 */
	schema: number;
	/**
	 * 网格 · Grid
	 */
	grid: string;
	created: Trace;
	updated: Trace;
	/**
	 * 字段时钟 · Field clocks
	 */
	stamps?: {
		[k: string]: string;
	};
	/**
	 * 合并情况 · Merge
	 */
	merge?: MergeNote | null;
	/**
	 * 虚构数据 · Fictitious
	 */
	fictitious?: boolean | null;
	/**
	 * 走访住户 · Household
	 */
	household: string;
	/**
	 * 走访时间 · Visited
	 */
	visited: string;
	/**
	 * 走访人 · Who
	 */
	worker?: string | null;
	/**
	 * 走访类型 · Kind
	 */
	kind?: ("routine" | "care" | "safety" | "campaign" | "follow_up" | "other") | null;
	/**
	 * 走访结果 · Outcome
	 */
	outcome?: ("no_change" | "updated" | "not_home" | "refused" | "follow_up") | null;
	/**
	 * 见到的人 · Met
	 */
	met?: string[];
	/**
	 * 走访事项 · Items
	 */
	items?: VisitItem[];
	/**
	 * 困难及诉求 · Needs
	 */
	needs?: string | null;
	/**
	 * 位置 · Position
	 */
	place?: Place | null;
	/**
	 * 备注 · Note
	 */
	note?: string | null;
}
/**
 * One matter of a visit and its answer; one visit serves every department's items.
 */
export interface VisitItem {
	/**
	 * 编号 · Key
	 */
	key: string;
	/**
	 * 名称 · Item
	 */
	label?: string | null;
	/**
	 * 情况 · Answer
	 */
	value?: string | null;
	/**
	 * 说明 · Note
	 */
	note?: string | null;
}
/**
 * One reported event.
 */
export interface Event {
	/**
	 * 类型 · Type
	 */
	type: "event";
	/**
	 * 版本 · Schema
	 */
	schema: number;
	/**
	 * 网格 · Grid
	 */
	grid: string;
	created: Trace;
	updated: Trace;
	/**
	 * 字段时钟 · Field clocks
	 */
	stamps?: {
		[k: string]: string;
	};
	/**
	 * 合并情况 · Merge
	 */
	merge?: MergeNote | null;
	/**
	 * 虚构数据 · Fictitious
	 */
	fictitious?: boolean | null;
	category: EventCategoryCode;
	/**
	 * 标题 · Title
	 */
	title?: string | null;
	/**
	 * 情况描述 · What happened
	 */
	description: string;
	/**
	 * 发现时间 · Found
	 */
	happened: string;
	/**
	 * 地点 · Where
	 */
	address?: string | null;
	/**
	 * 位置 · Position
	 */
	place?: Place | null;
	/**
	 * 跨网格发现 · Found outside own grid
	 */
	found_outside?: boolean | null;
	/**
	 * 紧急程度 · Urgency
	 */
	urgency?: "normal" | "urgent" | "major";
	status?: EventStatusCode;
	/**
	 * 反映人 · Reported by
	 */
	reporter_name?: string | null;
	/**
	 * 反映人电话 · Reporter's phone
	 */
	reporter_phone?: string | null;
	/**
	 * 相关住户 · Household
	 */
	household?: string | null;
	/**
	 * 来自巡查 · From patrol
	 */
	patrol?: string | null;
	/**
	 * 已自行处理 · Handled on the spot
	 */
	handled_here?: boolean | null;
	/**
	 * 督办级别 · Supervision
	 */
	supervision?: ("none" | "ordinary" | "yellow" | "red") | null;
	/**
	 * 裁定意见 · Verdict
	 */
	verdict?: string | null;
	/**
	 * 涉敏 · Restricted
	 */
	restricted?: boolean | null;
	/**
	 * 办理过程 · Steps
	 */
	log?: LogEntry[];
	/**
	 * 照片和录音 · Photos
	 */
	media?: Media[];
	/**
	 * 我也看到 · Also seen by
	 */
	also_seen?: string[];
}
/**
 * One step of a record's way: append-only, never changed afterwards.
 */
export interface LogEntry {
	/**
	 * 编号 · Key
	 */
	key: string;
	/**
	 * 时间 · When
	 */
	at: string;
	/**
	 * 经办人 · By
	 */
	by: string;
	/**
	 * 动作 · Step
	 */
	action: string;
	/**
	 * 原状态 · From
	 */
	before?: string | null;
	/**
	 * 新状态 · To
	 */
	after?: string | null;
	/**
	 * 说明 · Note
	 */
	note?: string | null;
}
/**
 * A photo or recording that travels apart; the record says what to expect.
 */
export interface Media {
	/**
	 * 编号 · Key
	 */
	key: string;
	/**
	 * 摘要 · SHA-256
	 */
	sha256: string;
	/**
	 * 大小（字节） · Size (bytes)
	 */
	bytes: number;
	/**
	 * 格式 · Format
	 */
	content_type?: string | null;
}
/**
 * One dispute from its registration to its follow-up.
 */
export interface Dispute {
	/**
	 * 类型 · Type
	 */
	type: "dispute";
	/**
	 * 版本 · Schema
	 */
	schema: number;
	/**
	 * 网格 · Grid
	 */
	grid: string;
	created: Trace;
	updated: Trace;
	/**
	 * 字段时钟 · Field clocks
	 */
	stamps?: {
		[k: string]: string;
	};
	/**
	 * 合并情况 · Merge
	 */
	merge?: MergeNote | null;
	/**
	 * 虚构数据 · Fictitious
	 */
	fictitious?: boolean | null;
	/**
	 * 纠纷名称 · Title
	 */
	title: string;
	category: DisputeCategoryCode;
	/**
	 * 规模 · Scale
	 */
	scale?: DisputeScaleCode | null;
	/**
	 * 发生时间 · When it arose
	 */
	happened: string;
	/**
	 * 受理时间 · Accepted
	 */
	accepted?: string | null;
	/**
	 * 发生地点 · Where
	 */
	address?: string | null;
	/**
	 * 位置 · Position
	 */
	place?: Place | null;
	/**
	 * 涉及人数 · People involved
	 */
	people?: number | null;
	/**
	 * 涉及金额（元） · Amount (yuan)
	 */
	amount?: number | null;
	/**
	 * 纠纷简述 · What it is about
	 */
	description: string;
	/**
	 * 涉及单位 · Organisations involved
	 */
	organisations?: string[];
	/**
	 * 当事人 · Parties
	 */
	parties?: Party[];
	/**
	 * 来自事件 · From event
	 */
	event?: string | null;
	/**
	 * 相关住户 · Household
	 */
	household?: string | null;
	/**
	 * 化解时限 · To be settled by
	 */
	deadline?: string | null;
	/**
	 * 化解方式 · Way of settling
	 */
	method?:
		| (
				| "peoples_mediation"
				| "administrative_mediation"
				| "judicial_mediation"
				| "arbitration"
				| "litigation"
				| "reconciliation"
				| "other"
		  )
		| null;
	/**
	 * 调解人员 · Mediators
	 */
	mediators?: string[];
	/**
	 * 化解组织 · Mediating body
	 */
	mediation_body?: string | null;
	/**
	 * 化解责任人 · Person responsible
	 */
	responsible_name?: string | null;
	/**
	 * 责任人电话 · Phone of the person responsible
	 */
	responsible_phone?: string | null;
	/**
	 * 化解是否成功 · Settled
	 */
	resolved?: boolean | null;
	/**
	 * 化解情况 · How it was settled
	 */
	outcome?: string | null;
	/**
	 * 预警等级 · Warning level
	 */
	warning?: ("none" | "blue" | "yellow" | "orange" | "red") | null;
	/**
	 * 涉敏 · Restricted
	 */
	restricted?: boolean | null;
	/**
	 * 考评日期 · Evaluated
	 */
	evaluated?: string | null;
	/**
	 * 考评意见 · Evaluation
	 */
	evaluation?: string | null;
	status?: DisputeStatusCode;
	/**
	 * 办理过程 · Steps
	 */
	log?: LogEntry[];
	/**
	 * 照片和录音 · Photos
	 */
	media?: Media[];
	/**
	 * 备注 · Note
	 */
	note?: string | null;
}
/**
 * Somebody the dispute is between.
 */
export interface Party {
	/**
	 * 编号 · Key
	 */
	key: string;
	/**
	 * 姓名 · Name
	 */
	name: string;
	/**
	 * 证件名称 · Kind of paper
	 */
	id_kind?: string | null;
	/**
	 * 证件号码 · Number of the paper
	 */
	id_number?: string | null;
	/**
	 * 性别 · Sex
	 */
	sex?: SexCode | null;
	/**
	 * 民族 · Ethnic group
	 */
	ethnic?: EthnicCode | null;
	/**
	 * 学历 · Education
	 */
	education?: EducationCode | null;
	/**
	 * 人员类别 · Kind of person
	 */
	kind?: ("resident" | "floating" | "outsider" | "organisation" | "other") | null;
	/**
	 * 联系方式 · Phone
	 */
	phone?: string | null;
	/**
	 * 居住详址 · Home address
	 */
	home_address?: string | null;
	/**
	 * 人员记录 · Resident
	 */
	resident?: string | null;
}
/**
 * One task of a grid.
 */
export interface Task {
	/**
	 * 类型 · Type
	 */
	type: "task";
	/**
	 * 版本 · Schema
	 */
	schema: number;
	/**
	 * 网格 · Grid
	 */
	grid: string;
	created: Trace;
	updated: Trace;
	/**
	 * 字段时钟 · Field clocks
	 */
	stamps?: {
		[k: string]: string;
	};
	/**
	 * 合并情况 · Merge
	 */
	merge?: MergeNote | null;
	/**
	 * 虚构数据 · Fictitious
	 */
	fictitious?: boolean | null;
	/**
	 * 任务名称 · Title
	 */
	title: string;
	/**
	 * 任务类型 · Kind
	 */
	kind: "visit" | "care" | "check" | "verify" | "campaign" | "event" | "report" | "other";
	/**
	 * 任务要求 · What to do
	 */
	description?: string | null;
	/**
	 * 交办来源 · Asked by
	 */
	source?: string | null;
	/**
	 * 执行人 · Assigned to
	 */
	assignees?: string[];
	/**
	 * 开始日期 · Begins
	 */
	begins?: string | null;
	/**
	 * 完成期限 · Due
	 */
	due?: string | null;
	/**
	 * 紧急程度 · Urgency
	 */
	urgency?: ("normal" | "urgent" | "major") | null;
	/**
	 * 任务对象 · About
	 */
	targets?: string[];
	/**
	 * 任务清单 · Items
	 */
	items?: TaskItem[];
	/**
	 * 计划数 · Planned
	 */
	planned?: number | null;
	/**
	 * 完成数 · Done
	 */
	done?: {
		/**
		 * This interface was referenced by `undefined`'s JSON-Schema definition
		 * via the `patternProperty` "^[0-9a-f]{8}$".
		 */
		[k: string]: number;
	};
	/**
	 * 相关事件 · Event
	 */
	event?: string | null;
	status?: TaskStatusCode;
	/**
	 * 完成情况 · Result
	 */
	result?: string | null;
	/**
	 * 办理过程 · Steps
	 */
	log?: LogEntry[];
	/**
	 * 照片和录音 · Photos
	 */
	media?: Media[];
	/**
	 * 备注 · Note
	 */
	note?: string | null;
}
/**
 * One thing to do in a task, such as a household to call on.
 */
export interface TaskItem {
	/**
	 * 编号 · Key
	 */
	key: string;
	/**
	 * 名称 · Item
	 */
	label?: string | null;
	/**
	 * 对象 · About
	 */
	record?: string | null;
	/**
	 * 结果 · Result
	 */
	result?: ("done" | "not_done" | "impossible") | null;
	/**
	 * 说明 · Note
	 */
	note?: string | null;
}
/**
 * One household in one campaign.
 */
export interface CampaignRecord {
	/**
	 * 类型 · Type
	 */
	type: "campaign-record";
	/**
	 * 版本 · Schema
	 */
	schema: number;
	/**
	 * 网格 · Grid
	 */
	grid: string;
	created: Trace;
	updated: Trace;
	/**
	 * 字段时钟 · Field clocks
	 */
	stamps?: {
		[k: string]: string;
	};
	/**
	 * 合并情况 · Merge
	 */
	merge?: MergeNote | null;
	/**
	 * 虚构数据 · Fictitious
	 */
	fictitious?: boolean | null;
	/**
	 * 已并入 · Merged into
	 */
	merged_into?: string | null;
	/**
	 * 不是同一个 · Not the same as
	 */
	distinct_from?: string[];
	/**
	 * 并入了 · Contains
	 */
	absorbed?: Absorbed[];
	/**
	 * 宣传活动 · Campaign
	 */
	campaign: string;
	/**
	 * 活动名称 · Campaign's title
	 */
	campaign_title?: string | null;
	/**
	 * 住户 · Household
	 */
	household: string;
	status?: CampaignStatusCode;
	/**
	 * 宣传方式 · Ways
	 */
	ways?: ("door" | "phone" | "group" | "leaflet" | "broadcast" | "meeting" | "other")[];
	/**
	 * 上门次数 · Calls
	 */
	attempts?: {
		/**
		 * This interface was referenced by `undefined`'s JSON-Schema definition
		 * via the `patternProperty` "^[0-9a-f]{8}$".
		 */
		[k: string]: number;
	};
	/**
	 * 首次告知 · First told
	 */
	first_told?: string | null;
	/**
	 * 最近联系 · Last contact
	 */
	last_contact?: string | null;
	/**
	 * 见到的人 · Met
	 */
	met?: string[];
	/**
	 * 发放材料 · Material handed out
	 */
	materials?: string[];
	/**
	 * 群众反映 · What people said
	 */
	questions?: string | null;
	/**
	 * 宣传人 · Who
	 */
	worker?: string | null;
	/**
	 * 备注 · Note
	 */
	note?: string | null;
}
/**
 * One place of a grid.
 */
export interface Premises {
	/**
	 * 类型 · Type
	 */
	type: "place";
	/**
	 * 版本 · Schema
	 */
	schema: number;
	/**
	 * 网格 · Grid
	 */
	grid: string;
	created: Trace;
	updated: Trace;
	/**
	 * 字段时钟 · Field clocks
	 */
	stamps?: {
		[k: string]: string;
	};
	/**
	 * 合并情况 · Merge
	 */
	merge?: MergeNote | null;
	/**
	 * 虚构数据 · Fictitious
	 */
	fictitious?: boolean | null;
	/**
	 * 场所名称 · Name of the place
	 */
	title: string;
	/**
	 * 场所类型 · Kind
	 */
	kind:
		| "shop"
		| "market"
		| "school"
		| "kindergarten"
		| "rental_building"
		| "factory"
		| "workshop"
		| "restaurant"
		| "entertainment"
		| "medical"
		| "elderly_care"
		| "religious"
		| "construction"
		| "harbour"
		| "water"
		| "public"
		| "other";
	/**
	 * 地址 · Address
	 */
	address: string;
	/**
	 * 位置 · Position
	 */
	place?: Place | null;
	/**
	 * 所属单位 · Organisation
	 */
	organisation?: string | null;
	/**
	 * 执照号 · Licence number
	 */
	licence?: string | null;
	/**
	 * 负责人 · Person in charge
	 */
	owner_name?: string | null;
	/**
	 * 负责人电话 · Phone of the person in charge
	 */
	owner_phone?: string | null;
	/**
	 * 安全责任人 · Responsible for safety
	 */
	safety_name?: string | null;
	/**
	 * 安全责任人电话 · Phone for safety
	 */
	safety_phone?: string | null;
	/**
	 * 从业人数 · Staff
	 */
	staff?: number | null;
	/**
	 * 容纳人数 · Capacity
	 */
	capacity?: number | null;
	/**
	 * 建筑面积（㎡） · Floor area (m²)
	 */
	area?: number | null;
	/**
	 * 层数 · Floors
	 */
	floors?: number | null;
	/**
	 * 隐患类型 · Hazards
	 */
	hazards?: string[];
	/**
	 * 关注程度 · Attention
	 */
	attention?: ("ordinary" | "raised" | "key") | null;
	/**
	 * 上次检查 · Last check
	 */
	last_check?: string | null;
	/**
	 * 场所状态 · Status
	 */
	status?: ("open" | "suspended" | "closed" | "demolished") | null;
	/**
	 * 标签 · Tags
	 */
	tags?: string[];
	/**
	 * 照片 · Photos
	 */
	media?: Media[];
	/**
	 * 备注 · Note
	 */
	note?: string | null;
	/**
	 * 主管意见 · Supervisor's remark
	 */
	review_note?: string | null;
}
/**
 * One organisation with its seat in a grid.
 */
export interface Organisation {
	/**
	 * 类型 · Type
	 */
	type: "organisation";
	/**
	 * 版本 · Schema
	 */
	schema: number;
	/**
	 * 网格 · Grid
	 */
	grid: string;
	created: Trace;
	updated: Trace;
	/**
	 * 字段时钟 · Field clocks
	 */
	stamps?: {
		[k: string]: string;
	};
	/**
	 * 合并情况 · Merge
	 */
	merge?: MergeNote | null;
	/**
	 * 虚构数据 · Fictitious
	 */
	fictitious?: boolean | null;
	/**
	 * 单位名称 · Name of the organisation
	 */
	title: string;
	/**
	 * 单位类别 · Kind
	 */
	kind:
		| "enterprise"
		| "self_employed"
		| "social"
		| "institution"
		| "government"
		| "committee"
		| "school"
		| "cooperative"
		| "other";
	/**
	 * 统一社会信用代码 · Social credit code
	 */
	credit_code?: string | null;
	/**
	 * 执照或登记证号 · Licence number
	 */
	licence?: string | null;
	/**
	 * 登记机关 · Registered with
	 */
	authority?: string | null;
	/**
	 * 批准日期 · Approved
	 */
	approved?: string | null;
	/**
	 * 地址 · Address
	 */
	address: string;
	/**
	 * 位置 · Position
	 */
	place?: Place | null;
	/**
	 * 法定代表人 · Legal representative
	 */
	legal_name?: string | null;
	/**
	 * 法定代表人电话 · Phone of the representative
	 */
	legal_phone?: string | null;
	/**
	 * 治保负责人 · Responsible for security
	 */
	safety_name?: string | null;
	/**
	 * 治保负责人电话 · Phone for security
	 */
	safety_phone?: string | null;
	/**
	 * 单位电话 · Phone
	 */
	phone?: string | null;
	/**
	 * 员工数 · Staff
	 */
	staff?: number | null;
	/**
	 * 是否危化 · Dangerous goods
	 */
	dangerous_goods?: boolean | null;
	/**
	 * 隐患类型 · Hazards
	 */
	hazards?: string[];
	/**
	 * 关注程度 · Attention
	 */
	attention?: ("ordinary" | "raised" | "key") | null;
	/**
	 * 党员人数 · Party members
	 */
	party_members?: number | null;
	/**
	 * 党群组织 · Party and mass bodies
	 */
	bodies?: ("party" | "union" | "youth_league" | "women")[];
	/**
	 * 资金来源 · Funding
	 */
	funding?: string | null;
	/**
	 * 境外背景 · Ties abroad
	 */
	foreign_ties?: boolean | null;
	/**
	 * 上次走访 · Last visit
	 */
	last_check?: string | null;
	/**
	 * 单位状态 · Status
	 */
	status?: ("operating" | "suspended" | "closed" | "moved_out") | null;
	/**
	 * 标签 · Tags
	 */
	tags?: string[];
	/**
	 * 备注 · Note
	 */
	note?: string | null;
	/**
	 * 主管意见 · Supervisor's remark
	 */
	review_note?: string | null;
}
