//! The texts of mails in Chinese.

use super::super::mails::Mails;

pub(super) static MAILS: Mails = Mails {
    verify_subject: "请确认您的电子邮件地址",
    verify: "有人用此地址在以下网站注册了账户：\n\
        {site}\n\n\
        如果这是您的地址，请在{time}内打开此链接进行确认：\n\n\
        {link}\n\n\
        如果您没有提供此地址，请忽略本邮件：该地址将保持未确认状态。\n",
    reset_subject: "请设置新密码",
    reset: "有人请求为您在以下网站的账户设置新密码：\n\
        {site}\n\n\
        请在{time}内打开此链接设置新密码：\n\n\
        {link}\n\n\
        此链接只能使用一次。它会结束您账户的所有会话，并删除其 API 令牌。\n\n\
        如果您没有提出请求，请忽略本邮件：您的密码保持不变。\n",
    reset_by_admin: "以下网站的管理员\n\
        {site}\n\
        向您发送了一个链接，用来为您的账户设置新密码。\n\n\
        请在{time}内打开：\n\n\
        {link}\n\n\
        此链接只能使用一次。它会结束您账户的所有会话，并删除其 API 令牌。\n\n\
        如果您不打开它，您的密码保持不变。\n",
    invitation_subject: "您收到了邀请",
    invitation: "管理员邀请您在以下网站创建账户：\n\
        {site}\n\n\
        请在{time}内打开此链接，用此地址创建账户：\n\n\
        {link}\n\n\
        此链接只能使用一次。如果您不需要账户，请忽略本邮件。\n",
    minutes: " {} 分钟",
    days: " {} 天",
};
