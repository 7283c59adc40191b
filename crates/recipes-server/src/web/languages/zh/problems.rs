//! Why a form was refused, in Chinese.

use super::super::problems::ProblemTexts;

pub(super) static PROBLEMS: ProblemTexts = ProblemTexts {
    email_not_verified: "请先用邮件中的链接验证您的电子邮件地址。",
    email_taken: "这个电子邮件地址已有账户。",
    form_expired: "此表单来自另一个会话。您输入的内容还在：请再提交一次。",
    household_full: "该家庭的成员已满。",
    household_invitation: "链接无效、已使用或已过期。请索取新链接。",
    item_changed: "其他人更改了该物品。请再看一遍。",
    last_admin: "这是最后一位管理员。请先让另一位用户成为管理员。",
    log_in: "电子邮件地址或密码不正确。",
    not_invited: "注册需要有效的邀请。它可能已过期、已使用，或属于另一个地址。",
    other_site: "此表单来自其他网站。请在这里打开页面后重新提交。",
    rate_limited: "尝试次数过多。请等几分钟再试。",
    sign_up_closed: "本服务不接受注册。请向运营者申请账户。",
    too_many_items: "清单已满。请先移除一些物品。",
    too_many_meals: "当天或计划已满。请先移除一餐。",
    wrong_password: "这不是您当前的密码。",
};
